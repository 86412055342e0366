export { freePort } from '../../../scripts/test-support/free-port.js';
