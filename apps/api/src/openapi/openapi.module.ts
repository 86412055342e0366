import { Module } from '@nestjs/common';
import { DocsController } from './docs.controller.js';

/** GET /openapi.json and the Swagger UI page that shows it. */
@Module({ controllers: [DocsController] })
export class OpenApiModule {}
