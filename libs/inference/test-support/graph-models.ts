import { type Files, graphFiles, type Node, placeholder, tensorInfo, type Weight } from './model-fixtures.js';

/** The two largest elements of each row of x, and where they are: two outputs of one node. */
export function topTwoFiles(): Files {
  const attr = { T: { type: 'DT_FLOAT' }, sorted: { b: true } };
  const nodes = [
    placeholder('x', [-1, 3]),
    constant('k', 'DT_INT32'),
    { name: 'top', op: 'TopKV2', input: ['x', 'k'], attr },
  ];
  const outputs = { indices: tensorInfo('top:1', [-1, 2], 'DT_INT32'), values: tensorInfo('top:0', [-1, 2]) };
  return graphFiles(nodes, { outputs }, [{ name: 'k', dtype: 'int32', shape: [], values: [2] }]);
}

/** What a hash table says of ids, 70 of 7 and 80 of 8 and -1 of others; it is filled by the graph that is run before the first answer. */
export function tableFiles(): Files {
  const attr = { key_dtype: { type: 'DT_INT32' }, value_dtype: { type: 'DT_FLOAT' } };
  const types = { Tin: { type: 'DT_INT32' }, Tout: { type: 'DT_FLOAT' } };
  const table = { name: 'table', op: 'HashTableV2', attr: { ...attr, shared_name: { s: 'dGFibGU=' } } };
  const y = { name: 'y', op: 'LookupTableFindV2', input: ['table', 'ids', 'other'], attr: types };
  const nodes = [placeholder('ids', [-1], 'DT_INT32'), table, constant('other'), y];
  const weights: Weight[] = [
    { name: 'other', dtype: 'float32', shape: [], values: [-1] },
    { name: 'keys', dtype: 'int32', shape: [2], values: [7, 8] },
    { name: 'values', dtype: 'float32', shape: [2], values: [70, 80] },
  ];
  const files = graphFiles(nodes, { outputs: { y: tensorInfo('y', [-1]) } }, weights);
  const fill = { name: 'fill', op: 'LookupTableImportV2', input: ['table', 'keys', 'values'], attr: types };
  const modelInitializer = {
    node: [table, constant('keys', 'DT_INT32'), constant('values'), fill],
    versions: { producer: 1 },
  };
  const json = JSON.parse(files['model.json'] as string) as object;
  return { ...files, 'model.json': JSON.stringify({ ...json, modelInitializer }) };
}

/** The value of a weight of the same name. */
function constant(name: string, type = 'DT_FLOAT'): Node {
  return { name, op: 'Const', attr: { dtype: { type } } };
}
