import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv } from 'ajv';
import { describeWhere } from '../../scripts/test-support/tools.js';
import { CUSTOM_RESOURCES } from './custom-resources.js';
import type { Manifest } from './manifests.js';

/** Kubernetes' own OpenAPI document, where the checkout's parent has one. */
const SWAGGER = resolve(__dirname, '../../../shared/k8s/swagger.json');

interface Definition {
  properties?: Record<string, unknown>;
  additionalProperties?: unknown;
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
}

type Definitions = Record<string, Definition | boolean | object>;

const LOOSE = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: ['string', 'integer'] },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: ['string', 'number'] },
};

/** `describe` where the document is; elsewhere the tests are skipped, and that is said. */
export function describeWithSwagger(name: string, tests: () => void): void {
  describeWhere(existsSync(SWAGGER), `there is no ${SWAGGER} (Kubernetes' OpenAPI document)`, name, tests);
}

/** Holds objects against their kind's schema, in which what it does not name does not exist. */
export class StrictSchema {
  private readonly ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  private readonly names = new Map<string, string>();

  constructor() {
    const { definitions } = JSON.parse(readFileSync(SWAGGER, 'utf8')) as { definitions: Definitions };
    for (const [name, definition] of Object.entries(definitions) as [string, Definition][]) {
      if (definition.properties) definition.additionalProperties ??= false;
      for (const { group, version, kind } of definition['x-kubernetes-group-version-kind'] ?? []) {
        this.names.set(`${group ? `${group}/` : ''}${version} ${kind}`, name);
      }
    }
    this.ajv.addSchema({ definitions: { ...definitions, ...LOOSE } }, 'kubernetes');
    for (const [name, schema] of Object.entries(CUSTOM_RESOURCES)) this.ajv.addSchema(schema, name);
  }

  /** What is wrong with it, each as a path and a reason. */
  faults(manifest: Manifest): string[] {
    const kind = `${manifest.apiVersion} ${manifest.kind}`;
    const name = this.names.get(kind);
    if (name === undefined && !(kind in CUSTOM_RESOURCES)) return [`there is no ${kind}`];
    const reference = name === undefined ? kind : `kubernetes#/definitions/${name}`;
    this.ajv.validate(reference, manifest);
    return (this.ajv.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  }
}
