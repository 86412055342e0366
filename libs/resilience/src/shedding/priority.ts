/** How much a request matters to its sender: under overload low is refused first and critical last. */
export type Priority = 'low' | 'normal' | 'high' | 'critical';

/** All of them, the least important first. */
export const PRIORITIES: readonly Priority[] = ['low', 'normal', 'high', 'critical'];

/** Whether a text, of a header say, names a priority. */
export function isPriority(text: string): text is Priority {
  return (PRIORITIES as readonly string[]).includes(text);
}
