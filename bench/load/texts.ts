import { seededRandom } from '../../scripts/test-support/seeded-random.js';
import type { TextChoice } from './load-job.js';

/** Length of each text in bytes, unless a job says otherwise. */
export const TEXT_BYTES = 80;
/** Length of the counter at its end that makes it unlike all others. */
export const COUNTER_DIGITS = 12;
/** As many beginnings of texts there are; the counter makes each text another one. */
const MIXES = 1024;
/** Memory that they may take: of longer texts there are fewer. */
const MOST_MIX_BYTES = 1 << 20;

const WORDS =
  `the a my this that it was is not very really so just about after before again never always good great bad awful
lovely terrible happy sad angry tired excited boring funny love hate like want need think know feel hope watch play eat see
hear buy book train flight hotel phone battery screen movie song game match team player coffee dinner weather morning night
weekend friday tomorrow yesterday service price order delivery card account balance transfer bank pay bill weather alarm
timer music recipe restaurant meeting reminder schedule today people friend family work school city home`.split(/\s+/);

/** What is sent: which texts, and how long they are. */
export interface TextPlan {
  texts: TextChoice;
  /** Different seeds give different texts, so that no round repeats those of an earlier one. */
  seed: number;
  textBytes?: number;
}

/** The words that texts begin with, made once and shared by all connections of a load. */
export function wordMixes({ texts, seed, textBytes = TEXT_BYTES }: TextPlan): Buffer[] {
  const random = seededRandom(seed);
  const mixBytes = textBytes - COUNTER_DIGITS - 1;
  const count = texts === 'same' ? 1 : Math.min(MIXES, Math.ceil(MOST_MIX_BYTES / mixBytes));
  return Array.from({ length: count }, () => Buffer.from(wordMix(random, mixBytes)));
}

function wordMix(random: () => number, bytes: number): string {
  let mix = '';
  while (mix.length < bytes) mix += `${WORDS[Math.floor(random() * WORDS.length)]} `;
  return mix.slice(0, bytes);
}
