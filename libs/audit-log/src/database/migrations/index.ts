import { CreateInferenceLogs1763596800000 } from './1763596800000-create-inference-logs.js';

/** Table in which TypeORM notes what has been applied. */
export const MIGRATIONS_TABLE = 'falcon_migrations';

/** All migrations, oldest first. */
export const MIGRATIONS = [CreateInferenceLogs1763596800000];
