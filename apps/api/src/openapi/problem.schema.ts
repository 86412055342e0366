import { z } from 'zod';
import { HTTP_ERRORS, type ErrorCode } from '../http-errors.js';

/** Body of every error answer (RFC 9457). */
export const problemSchema = z
  .strictObject({
    type: z.string().meta({ description: '`urn:falcon:error:` and the code.' }),
    title: z.string().meta({ description: 'The same for every occurrence of the code.' }),
    status: z.int().min(400).max(599),
    detail: z.string().meta({ description: 'What happened this time.' }),
    instance: z.string().meta({ description: 'The path asked for.' }),
    code: z.enum(Object.keys(HTTP_ERRORS) as [ErrorCode, ...ErrorCode[]]),
    request_id: z.string(),
    error: z.string().meta({ description: 'The detail again, for Open Inference Protocol clients.' }),
    stage: z.string().optional().meta({ description: 'Where the deadline passed: see docs/errors.md.' }),
    errors: z
      .array(z.strictObject({ path: z.string(), message: z.string() }))
      .optional()
      .meta({
        description: 'The members of the request that are wrong, or the text of a batch that the model failed on.',
      }),
  })
  .meta({ id: 'Problem' });
