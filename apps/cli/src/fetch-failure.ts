/** Why a fetch got no answer: what undici says of it is in its cause. */
export function fetchFailure(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : message;
}
