import type { BackendName } from '../worker/protocol.js';
import type { Signature } from './manifest.js';

/** What is known of one version of a model, for operators. */
export interface ModelStatus {
  name: string;
  version: string;
  state: 'loading' | 'ready' | 'refused';
  /** Whether requests that name the model but no version are answered by this one. */
  serving: boolean;
  task?: 'text-classification' | 'tensor';
  labels?: readonly string[];
  signature?: Signature;
  /** Backend that computes it. */
  backend?: BackendName;
  /** Wall time of reading, checking, loading and warming, in seconds. */
  loadSeconds?: number;
  /** Bytes of its weights in memory. */
  weightBytes?: number;
  /** Why it was refused, a sentence. */
  reason?: string;
}
