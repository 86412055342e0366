/** A series that an expression asks for. */
export interface Selector {
  metric: string;
  matchers: { label: string; operator: string; value: string }[];
}

const OPERATORS = new Set(['and', 'or', 'unless', 'by', 'on']);

/** What a PromQL expression asks for; it knows as much of the language as the rules use. */
export function selectorsOf(expr: string): Selector[] {
  const asked = expr.replaceAll(/\b(by|on)\s*\([^)]*\)/g, ' ').replaceAll(/\[[^\]]*\]/g, ' ');
  return [...asked.matchAll(/(?<![\w:."])([a-zA-Z_:][\w:]*)(?!\w)(\{[^}]*\})?(?!\s*\()/g)]
    .map(([, metric = '', matchers = '']) => ({ metric, matchers: matchersOf(matchers) }))
    .filter(({ metric }) => !OPERATORS.has(metric));
}

/** The labels that an expression groups or joins by. */
export function groupingLabelsOf(expr: string): string[] {
  return [...expr.matchAll(/\b(?:by|on)\s*\(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(/\s*,\s*/));
}

/** The figures that an expression compares with. */
export function limitsOf(expr: string): number[] {
  return [...expr.matchAll(/(?:[<>]=?|==)\s*([\d.]+)/g)].map(([, limit]) => Number(limit));
}

function matchersOf(text: string): Selector['matchers'] {
  return [...text.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)].map(([, label = '', operator = '', value = '']) => ({
    label,
    operator,
    value,
  }));
}
