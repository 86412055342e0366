/** The JSON schema of POST /infer for the Fastify reference servers: body and answer. */
export const inferSchema = {
  body: {
    type: 'object',
    required: ['text'],
    additionalProperties: false,
    properties: { text: { type: 'string', minLength: 1, maxLength: 10_000 } },
  },
  response: {
    200: {
      type: 'object',
      properties: {
        prediction: { type: 'string' },
        confidence: { type: 'number' },
        probabilities: { type: 'object', additionalProperties: { type: 'number' } },
      },
    },
  },
};
