/** Whether what begins with a date begins with a day that there is: `Date` takes 30 February for 2 March. */
export function isCalendarDay(written: string): boolean {
  const date = written.slice(0, 'YYYY-MM-DD'.length);
  const atMs = Date.parse(date);
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(date);
}
