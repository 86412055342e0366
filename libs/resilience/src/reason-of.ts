/** The sentence of an error; a connection tried over several addresses has the words in its parts. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return reasonOf(error.errors[0]);
  }
  const reason = error instanceof Error ? error.message || error.name : String(error);
  return reason.replace(/^Error: /, ''); // some drivers put one error's text into another
}
