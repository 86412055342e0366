import { readFileSync } from 'node:fs';

/** A code block of the page. */
export interface Block {
  /** What stands behind the language: nothing for a command that only looks, `drill=NAME` for what that drill runs as its remedy. */
  tag: string;
  commands: string;
}

/** A chapter of the runbook. */
export interface Chapter {
  title: string;
  /** As links name it. */
  anchor: string;
  text: string;
}

const BLOCK = /^```bash *([^\n]*)\n([^]*?)^```$/gm;

/** docs/RUNBOOK.md as people and drills read it. */
export class RunbookPage {
  readonly chapters: Chapter[];
  private readonly opening: string;

  constructor(page: string) {
    const [opening = '', ...chapters] = page.split(/^## /m);
    this.opening = opening;
    this.chapters = chapters.map((text) => {
      const title = text.slice(0, text.indexOf('\n'));
      return { title, anchor: anchorOf(title), text };
    });
  }

  static read(file: string): RunbookPage {
    return new RunbookPage(readFileSync(file, 'utf8'));
  }

  /** All blocks in their order. */
  blocks(): Block[] {
    return blocksOf([this.opening, ...this.chapters.map(({ text }) => text)].join('\n'));
  }

  /** The one block that has this tag. */
  tagged(tag: string): string {
    const found = this.blocks().filter((block) => block.tag === tag);
    if (found.length !== 1) throw new Error(`The runbook has ${found.length} blocks \`\`\`bash ${tag}, not one.`);
    return found[0]!.commands;
  }

  /** The commands below "Verification" in a chapter. */
  verification(anchor: string): string {
    const chapter = this.chapters.find((candidate) => candidate.anchor === anchor);
    const [, part = ''] = chapter?.text.split('**Verification.**') ?? [];
    const commands = blocksOf(part).map((block) => block.commands);
    if (commands.length === 0) throw new Error(`The runbook has no commands that verify "${anchor}".`);
    return commands.join('\n');
  }
}

function blocksOf(text: string): Block[] {
  return [...text.matchAll(BLOCK)].map(([, tag = '', commands = '']) => ({
    tag: tag.trim(),
    commands: commands.trim(),
  }));
}

/** How Markdown names a heading in links. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}
