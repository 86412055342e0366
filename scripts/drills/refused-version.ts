/** Bash that adds a version without its weights to MODEL_DIR, as a copy that was broken off leaves it. */
export function refusedVersion(good: string, broken: string): string {
  return `cp -r "$MODEL_DIR/${good}" "$MODEL_DIR/${broken}"; rm "$MODEL_DIR/${broken}"/*.bin`;
}
