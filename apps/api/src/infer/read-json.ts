import type { z } from 'zod';

/** What a JSON text holds; undefined when it is no JSON, or not what the schema describes. */
export function readJson<T>(schema: z.ZodType<T>, json: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined; // not JSON
  }
}
