import { type DynamicModule, Module } from '@nestjs/common';
import { Gates, type GateParts } from './gates.js';

/** What stands before the routes: authentication, rate limit and load shedding. */
@Module({})
export class GatesModule {
  static forRoot(parts: GateParts): DynamicModule {
    return {
      module: GatesModule,
      providers: [{ provide: Gates, useValue: new Gates(parts) }],
      exports: [Gates],
    };
  }
}
