import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { readLabelledRows, type RowColumns } from './labelled-rows.js';

const folder = temporaryFolder();

function read(name: string, content: string | Buffer, columns: RowColumns = { text: 'text', label: 'label' }) {
  const file = join(folder, name);
  writeFileSync(file, content);
  return readLabelledRows(file, columns);
}

const BOM = '\ufeff';

describe('readLabelledRows', () => {
  it('reads JSON lines', () => {
    const content = '{"text":"a \\"b\\"\\n, c","label":"x","id":7}\r\n\n{"label":"y","text":"d"}';
    expect(read('a.jsonl', BOM + content).rows).toEqual([
      { text: 'a "b"\n, c', label: 'x' },
      { text: 'd', label: 'y' },
    ]);
  });

  it.each([
    ['quotes, commas and line breaks in fields', 'label,text\nx,"a ""b"", c\nd"\n'],
    ['CRLF', 'label,text\r\nx,"a ""b"", c\nd"\r\n'],
    ['a byte order mark', `${BOM}label,text\nx,"a ""b"", c\nd"\n`],
    ['empty lines', 'label,text\n\nx,"a ""b"", c\nd"\n\n'],
  ])('reads CSV with %s', (_, content) => {
    expect(read('a.csv', content).rows).toEqual([{ text: 'a "b", c\nd', label: 'x' }]);
  });

  it.each([
    ['LF', 'text\tlabel\n"a, "b\tx\nc\ty\n'],
    ['CRLF', 'text\tlabel\r\n"a, "b\tx\r\nc\ty\r\n'],
    ['a byte order mark', `${BOM}text\tlabel\n"a, "b\tx\nc\ty\n`],
  ])('reads TSV with %s, where a quote is a quote', (_, content) => {
    expect(read('a.tsv', content).rows).toEqual([
      { text: '"a, "b', label: 'x' },
      { text: 'c', label: 'y' },
    ]);
  });

  it('takes the columns it is told', () => {
    const columns = { text: 'tweet', label: 'mood' };
    expect(read('a.csv', 'mood,tweet\nx,a\n', columns).rows).toEqual([{ text: 'a', label: 'x' }]);
    expect(read('a.jsonl', '{"tweet":"a","mood":"x"}', columns).rows).toEqual([{ text: 'a', label: 'x' }]);
  });

  it('says which file it was', () => {
    const content = '{"text":"a","label":"x"}\n';
    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(read('a.jsonl', content)).toMatchObject({ name: 'a.jsonl', sha256 });
  });

  it.each([
    ['a.jsonl', '{"text":"a","label":"x"}\n{"text":', 'a.jsonl:2: it is not JSON'],
    ['a.jsonl', '{"text":"a","label":"x"}\n{"text":"a"}', 'a.jsonl:2: "label" is not a label'],
    ['a.jsonl', '{"text":7,"label":"x"}', 'a.jsonl:1: "text" is not a text'],
    ['a.jsonl', 'null', 'a.jsonl:1: "text" is not a text'],
    ['a.jsonl', '', 'a.jsonl: there are no rows in it'],
    ['a.csv', 'text,label\na,x\n ,x\n', 'a.csv:3: "text" is not a text'],
    ['a.csv', 'text,label\na,x\nb,\n', 'a.csv:3: "label" is not a label'],
    ['a.csv', 'text,label\na,x\na,b,c\n', 'a.csv:3: Invalid Record Length'],
    ['a.csv', 'text,label\na,x\n"b,y\n', 'Quote Not Closed'],
    ['a.csv', 'words,label\na,x\n', 'a.csv:2: "text" is not a text'],
    ['a.tsv', 'text\tlabel\na\tx\nb\n', 'a.tsv:3: Invalid Record Length'],
    ['a.txt', 'a', 'a.txt: the name must end in .jsonl, .csv or .tsv'],
  ])('refuses %s with %j and says where', (name, content, message) => {
    expect(() => read(name, content)).toThrow(message);
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(() => read('a.csv', Buffer.of(0x61, 0xff))).toThrow('a.csv: it is not UTF-8');
  });
});
