import { spellMoods } from './moods.js';
import type { TextNormalisation } from './text-feature-settings.js';

const ESCAPE = /\\u([0-9a-fA-F]{4})/g;
const LINK = /(?:https?:\/\/|www\.)\S*/g;

/**
 * The whole-text part of normalisation: what needs more than one character at a time.
 * The tokenizer does the rest (spaces, digits, quotes, runs, mentions) while it reads.
 */
export function normaliseText(text: string, settings: TextNormalisation): string {
  let normal = text.normalize('NFKC');
  if (settings.unescape && normal.includes('\\')) normal = unescape(normal);
  if (settings.moods) normal = spellMoods(normal);
  normal = normal.toLowerCase();
  if (settings.links && (normal.includes('http') || normal.includes('www.'))) normal = normal.replace(LINK, 'http');
  return normal;
}

function unescape(text: string): string {
  return text
    .replace(ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll('\\n', ' ')
    .replaceAll('\\"', '"');
}
