/** The server's own checks; what else it is told to look at needs other names. */
export const OWN_CHECKS = [
  'accepting',
  'model',
  'model_workers',
  'event_loop',
  'load',
  'redis',
  'queue',
  'database',
  'spool',
  'disk',
  'memory',
] as const;

/** Name of a check of the server's own. */
export type OwnCheck = (typeof OWN_CHECKS)[number];
