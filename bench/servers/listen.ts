/** Tells the driver, over IPC, that the server is up and on which port. */
export function reportPort(port: number): void {
  process.send?.({ port });
  process.on('disconnect', () => process.exit());
}

/** The body of the fixed answers: 120 bytes, as long as a short real one. */
export const FIXED_ANSWER = {
  prediction: 'positive',
  confidence: 0.973142,
  probabilities: { negative: 0.0102, neutral: 0.0167, positive: 0.973142 },
};
