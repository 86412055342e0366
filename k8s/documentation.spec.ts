import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { workloadOf, ofKind } from './test-support/manifests.js';
import { build, describeWithKustomize } from './test-support/overlays.js';
import { environmentOf, secretFilesOf } from './test-support/settings.js';

const DOCS = resolve(__dirname, '../docs');
const TEXT = readFileSync(join(DOCS, 'deployment.md'), 'utf8');

describe('docs/deployment.md', () => {
  it('names every overlay and component, and none that is not there', () => {
    const folders = ['overlays', 'components'].flatMap((kind) =>
      readdirSync(join(__dirname, kind)).map((name) => `${kind}/${name}`),
    );
    const inside = ['components/restricted']; // of the base

    expect(new Set(TEXT.match(/\b(overlays|components)\/[a-z-]+/g))).toEqual(
      new Set(folders.filter((name) => !inside.includes(name))),
    );
  });

  it('starts servers again before the audit workers, which read what these have put on their queue', () => {
    const restarted = [...TEXT.matchAll(/rollout restart ([^`&]+?) *[`&]/g)].map(([, what]) => what);
    expect(restarted).toEqual(['deployment/falcon-api', 'deployment/falcon-audit-worker']);
  });

  it('links to pages and headings that there are', () => {
    const links = [...TEXT.matchAll(/\]\(([\w./-]*)(#?[\w-]*)\)/g)].map(([, page, anchor]) => ({
      file: join(DOCS, page || 'deployment.md'),
      anchor,
    }));

    expect(links.filter(({ file }) => !existsSync(file))).toEqual([]);
    expect(links.filter(({ file, anchor }) => anchor && !headingsOf(file).includes(anchor))).toEqual([]);
    expect(links.length).toBeGreaterThan(10);
  });
});

describeWithKustomize('docs/deployment.md', () => {
  it('tells the times and the secrets of the manifests', () => {
    const manifests = build('production');
    const api = workloadOf(manifests, 'falcon-api');
    const { DRAIN_DELAY_SECONDS, GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS, READY_SATURATION_SECONDS, INFERENCE_WORKERS } =
      environmentOf(api, manifests);
    const settings = {
      DRAIN_DELAY_SECONDS,
      GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS,
      READY_SATURATION_SECONDS,
      INFERENCE_WORKERS,
    };
    const { minReplicas, maxReplicas } = ofKind(manifests, 'HorizontalPodAutoscaler')[0]!.spec as Record<
      string,
      number
    >;
    const told = [
      ...Object.entries(settings).map(([name, value]) => `\`${name}=${value}\``),
      `| ${api.pod.terminationGracePeriodSeconds} `,
      `\`progressDeadlineSeconds\` (${api.spec.progressDeadlineSeconds})`,
      `${minReplicas} to ${maxReplicas} replicas by CPU`,
      ...Object.keys(secretFilesOf(api, manifests)).map((path) => path.split('/').at(-1)!),
    ];

    expect(told.filter((words) => !TEXT.includes(words))).toEqual([]);
  });
});

/** As GitHub makes anchors of them. */
function headingsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(
    ([, heading = '']) =>
      `#${heading
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replace(/\s/g, '-')}`,
  );
}
