/** Environment in which Node.js loads a file before its program: the path in quotes, because a checkout's may have a blank. */
export function preload(file: string): { NODE_OPTIONS: string } {
  return { NODE_OPTIONS: `--require ${JSON.stringify(file)}` };
}
