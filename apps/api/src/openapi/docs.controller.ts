import { createReadStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { Controller, Get, Header, Inject, Param, Res, StreamableFile } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { HttpError } from '../http-errors.js';
import { PAGE_HEADERS } from '../http/security-headers.js';
import { SETTINGS, type Settings } from '../settings.js';
import { buildDocument } from './document.js';

/** The files of Swagger UI that its page needs, and nothing else of that folder. */
const ASSETS = new Map([
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['favicon-32x32.png', 'image/png'],
]);

const START_SCRIPT = `window.ui = SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true });\n`;

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Falcon API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

/** The API's description, for machines and for people. */
@Controller()
export class DocsController {
  private document?: string;

  constructor(@Inject(SETTINGS) private readonly settings: Settings) {}

  @Get('openapi.json')
  @Header('Content-Type', 'application/json; charset=utf-8')
  openapi(): string {
    return (this.document ??= JSON.stringify(buildDocument(this.settings)));
  }

  @Get('docs')
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(@Res({ passthrough: true }) reply: FastifyReply): string {
    void reply.headers(PAGE_HEADERS);
    return PAGE;
  }

  @Get('docs/start.js')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  startScript(): string {
    return START_SCRIPT;
  }

  @Get('docs/:file')
  asset(@Param('file') file: string, @Res({ passthrough: true }) reply: FastifyReply): StreamableFile {
    const type = ASSETS.get(file);
    if (!type) {
      throw new HttpError('ROUTE_NOT_FOUND', 'There is no such route.');
    }
    void reply.header('Cache-Control', 'public, max-age=3600');
    const folder = dirname(require.resolve('swagger-ui-dist/package.json'));
    return new StreamableFile(createReadStream(join(folder, file)), { type });
  }
}
