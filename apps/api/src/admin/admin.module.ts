import { Module } from '@nestjs/common';
import { MaintenanceController } from './maintenance.controller.js';
import { QueueBoardController } from './queue-board.controller.js';

/** What operators look at and switch. */
@Module({ controllers: [MaintenanceController, QueueBoardController] })
export class AdminModule {}
