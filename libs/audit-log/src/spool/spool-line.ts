import { crc32 } from 'node:zlib';

/** Longest record, in UTF-16 units: far above any real one, and what bounds the memory of a reader. */
export const MAX_RECORD_CHARACTERS = 256 * 1024;
/** Bytes of a line besides its JSON: checksum, space, line end. */
const LINE_OVERHEAD = 10;
/** Longest line of a spool in bytes: a UTF-16 unit is at most three bytes of UTF-8. */
export const MAX_LINE_BYTES = 3 * MAX_RECORD_CHARACTERS + LINE_OVERHEAD;
/** Where a line's JSON starts. */
export const JSON_OFFSET = 9;

/** Ends every line. */
export const LINE_END = 0x0a;
const SPACE = 0x20;
const COMMA = 0x2c;
const HEX = Buffer.from('0123456789abcdef');

/** Most bytes that the line of this JSON, with the members of another, can have. */
export function lineBytesBound(json: string, more = ''): number {
  return 3 * (json.length + more.length) + LINE_OVERHEAD;
}

/**
 * Writes `<crc32 of the JSON's bytes, 8 hexadecimal digits> <json>\n` and returns its length; there must be room.
 * @param json an object
 * @param more another one, whose members follow those of the first; neither is empty
 */
export function putLine(target: Buffer, offset: number, json: string, more?: string): number {
  const start = offset + JSON_OFFSET;
  let end = start + target.write(json, start);
  if (more !== undefined) {
    target[end - 1] = COMMA;
    end += target.write(more.slice(1), end);
  }
  const checksum = crc32(target.subarray(start, end));
  for (let digit = 0; digit < 8; digit++) {
    target[offset + digit] = HEX[(checksum >>> (28 - 4 * digit)) & 15] as number;
  }
  target[offset + 8] = SPACE;
  target[end] = LINE_END;
  return end + 1 - offset;
}

/** The line of one JSON text, where speed does not matter. */
export function lineOf(json: string): Buffer {
  const line = Buffer.alloc(lineBytesBound(json));
  return line.subarray(0, putLine(line, 0, json));
}

/** Whether the bytes from `start` up to the line end at `end` are a line as it was written. */
export function isIntact(bytes: Buffer, start: number, end: number): boolean {
  if (end - start <= JSON_OFFSET || bytes[start + 8] !== SPACE) return false;
  let checksum = 0;
  for (let at = start; at < start + 8; at++) {
    const value = hexValue(bytes[at] as number);
    if (value < 0) return false;
    checksum = (checksum << 4) | value;
  }
  return checksum >>> 0 === crc32(bytes.subarray(start + JSON_OFFSET, end));
}

/** The JSON of a buffer that begins with an intact line; undefined for anything else. */
export function firstJson(bytes: Buffer): string | undefined {
  const end = bytes.indexOf(LINE_END);
  return isIntact(bytes, 0, end) ? bytes.toString('utf8', JSON_OFFSET, end) : undefined;
}

function hexValue(character: number): number {
  if (character >= 0x30 && character <= 0x39) return character - 0x30;
  return character >= 0x61 && character <= 0x66 ? character - 0x57 : -1;
}
