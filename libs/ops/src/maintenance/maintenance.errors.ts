/** The switch that all replicas share could not be reached. */
export class MaintenanceUnavailableError extends Error {
  readonly code = 'MAINTENANCE_UNAVAILABLE';
  constructor(options?: ErrorOptions) {
    super(
      'Redis, which keeps the switch of all replicas, does not answer: try again, or switch each replica by itself with the scope "replica".',
      options,
    );
    this.name = 'MaintenanceUnavailableError';
  }
}
