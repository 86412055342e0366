import { type DynamicModule, Module } from '@nestjs/common';
import { MaintenanceMode } from './maintenance-mode.js';

/** Provides the maintenance mode, which exists before Nest does. */
@Module({})
export class MaintenanceModule {
  static forRoot(mode: MaintenanceMode): DynamicModule {
    return {
      module: MaintenanceModule,
      providers: [{ provide: MaintenanceMode, useValue: mode }],
      exports: [MaintenanceMode],
    };
  }
}
