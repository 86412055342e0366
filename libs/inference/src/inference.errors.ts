/** Base of every failure this library reports; `code` is stable, the app turns it into an HTTP status. */
export abstract class InferenceError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** No folder of that name exists under the model directory. */
export class ModelNotFoundError extends InferenceError {
  readonly code = 'MODEL_NOT_FOUND';
  constructor(model: string) {
    super(`There is no model "${model}".`);
  }
}

/** The model exists, that version of it does not. */
export class ModelVersionNotFoundError extends InferenceError {
  readonly code = 'MODEL_VERSION_NOT_FOUND';
  constructor(model: string, version: string) {
    super(`Model "${model}" has no version "${version}".`);
  }
}

/** The model is still loading, was refused at load, or has no live worker and may have one soon. */
export class ModelNotReadyError extends InferenceError {
  readonly code = 'MODEL_NOT_READY';
  /** Seconds after which asking again may succeed. */
  readonly retryAfterSeconds: number;
  constructor(model: string, version: string, state: 'loading' | 'refused') {
    super(`Model "${model}" version "${version}" is ${state === 'loading' ? 'still loading' : 'refused'}.`);
    this.retryAfterSeconds = state === 'loading' ? 1 : 30;
  }
}

/** The model is of another task than the one asked for (text asked of a tensor model, or the reverse). */
export class ModelTaskError extends InferenceError {
  readonly code = 'MODEL_TASK_MISMATCH';
  constructor(model: string, task: string) {
    super(`Model "${model}" is of task "${task}" and cannot answer this kind of request.`);
  }
}

/** An input does not fit the model's signature; `path` names the member. */
export class InvalidInputError extends InferenceError {
  readonly code = 'INVALID_INPUT';
  constructor(
    readonly path: string,
    message: string,
  ) {
    super(message);
  }
}

/** As many items wait for the model as may; refused before anything was computed. */
export class InferenceQueueFullError extends InferenceError {
  readonly code = 'INFERENCE_QUEUE_FULL';
  constructor(
    model: string,
    readonly waiting: number,
    /** Seconds in which the queue drains at its present rate, at least 1. */
    readonly retryAfterSeconds: number,
  ) {
    super(`${waiting} requests already wait for model "${model}".`);
  }
}

/** The caller's deadline passed; `stage` tells whether the item still waited or was being computed. */
export class InferenceDeadlineError extends InferenceError {
  readonly code = 'DEADLINE_EXCEEDED';
  constructor(readonly stage: 'queue' | 'inference') {
    super(`The deadline passed in stage "${stage}".`);
  }
}

/** The caller's signal aborted: nobody waits for the answer any more. */
export class InferenceCancelledError extends InferenceError {
  readonly code = 'REQUEST_CANCELLED';
  constructor() {
    super('The request was cancelled by its caller.');
  }
}

/** The worker that computed the item died or hung, and so did the one of the retry. */
export class WorkerLostError extends InferenceError {
  readonly code = 'WORKER_LOST';
  /** Seconds after which a replacement is likely to be ready. */
  readonly retryAfterSeconds = 1;
  constructor(readonly reason: string) {
    super(`The inference worker was lost: ${reason}.`);
  }
}

/** The model itself failed on this input; the cause carries TensorFlow.js's words, for logs only. */
export class InferenceFailedError extends InferenceError {
  readonly code = 'INFERENCE_FAILED';
  constructor(model: string, reason: string) {
    super(`Model "${model}" failed on this input.`, { cause: reason });
  }
}

/** The service is stopping and takes no new work. */
export class InferenceStoppedError extends InferenceError {
  readonly code = 'INFERENCE_STOPPED';
  readonly retryAfterSeconds = 1;
  constructor() {
    super('The inference service is stopping.');
  }
}
