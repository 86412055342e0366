import { appendFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listedFile } from './listed-file.js';

/** A matrix of 256 KiB stays in a core's own cache: the time is computing, whatever the machine's other users do. */
const WIDTH = 256;

interface ModelJson {
  modelTopology: { config: { layers: Layer[] } };
  weightsManifest: [{ weights: { name: string; shape: number[]; dtype: string }[] }];
}

interface Layer {
  name: string;
  class_name: string;
  config: object;
  /** For each time the layer is used, what it is used on. */
  inbound_nodes: Input[][];
}

type Input = [layer: string, use: number, output: 0, options: object];

/**
 * Writes `<models>/slow/1`, a copy of the version folder `linear` of a text classifier without a hidden layer, as `sentiment`
 * is. It answers the same, but multiplies each text's row by a matrix of 256 x 256 zeros before, `products` times.
 */
export function writeSlowModel(models: string, linear: string, products: number): void {
  const folder = join(models, 'slow/1');
  cpSync(linear, folder, { recursive: true });
  const model = readJson(folder, 'model.json') as ModelJson;
  const zeros = addProducts(model, products);
  writeFileSync(join(folder, 'model.json'), JSON.stringify(model));
  appendFileSync(join(folder, 'weights.bin'), Buffer.alloc(zeros * Float32Array.BYTES_PER_ELEMENT));
  const manifest = readJson(folder, 'falcon.json') as { files: Record<string, object> };
  for (const name of ['model.json', 'weights.bin']) {
    manifest.files[name] = listedFile(readFileSync(join(folder, name)));
  }
  writeFileSync(join(folder, 'falcon.json'), JSON.stringify(manifest));
}

/** Adds to the logits what comes of the products, nothing; returns how many weights that takes, all of them 0. */
function addProducts({ modelTopology, weightsManifest }: ModelJson, products: number): number {
  const { layers } = modelTopology.config;
  const [{ weights }] = weightsManifest;
  const classes = weights[0]!.shape[1]!;
  const output = (layer: string, use = 0): Input => [layer, use, 0, {}];
  const addDense = (name: string, [inputs, units]: [number, number], uses: Input[]) => {
    const config = { name, units, use_bias: false, activation: 'linear' };
    layers.push({ name, class_name: 'Dense', config, inbound_nodes: uses.map((use) => [use]) });
    weights.push({ name: `${name}/kernel`, shape: [inputs, units], dtype: 'float32' });
  };
  const earlier = Array.from({ length: products - 1 }, (_, use) => output('slow', use));
  addDense('widen', [classes, WIDTH], [output('linear_sum')]);
  addDense('slow', [WIDTH, WIDTH], [output('widen'), ...earlier]);
  addDense('narrow', [WIDTH, classes], [output('slow', products - 1)]);
  const sum = [output('linear_sum'), output('narrow')];
  layers.push({ name: 'logits', class_name: 'Add', config: { name: 'logits' }, inbound_nodes: [sum] });
  layers.find(({ name }) => name === 'probabilities')!.inbound_nodes = [[output('logits')]];
  return 2 * classes * WIDTH + WIDTH * WIDTH;
}

function readJson(folder: string, name: string): unknown {
  return JSON.parse(readFileSync(join(folder, name), 'utf8'));
}
