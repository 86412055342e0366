/** Where something is drawn, in pixels. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Colours of series, in their order. */
export const SERIES_COLOURS = '#3f8f3f #c79100 #2f78c4 #d9622b #c4162a #8352a8 #1f9e9e #7a6a52 #d85a9c #5b6b7b'.split(
  ' ',
);

/** Colours as Grafana names them. */
export const NAMED_COLOURS: Record<string, string> = { green: '#3f8f3f', yellow: '#e0a800', red: '#c4162a' };

/** A line of text whose baseline is at y. */
export function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escape(content)}</text>`;
}

/** A filled rectangle. */
export function rect({ x, y, width, height }: Box, fill: string, attributes = ''): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}" ${attributes}/>`;
}

/** As many characters as have room, with dots where some are left out; letters are taken as half as wide as high. */
export function fitted(content: string, width: number, fontSize = 11): string {
  const room = Math.max(1, Math.floor(width / (fontSize * 0.56)));
  return content.length > room ? `${content.slice(0, room - 1)}…` : content;
}

/** As exact as a picture is. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
