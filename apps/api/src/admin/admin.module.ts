import { Module } from '@nestjs/common';
import { BreakersController } from './breakers.controller.js';
import { MaintenanceController } from './maintenance.controller.js';
import { QueueBoardController } from './queue-board.controller.js';
import { StatusController } from './status.controller.js';

/** What operators look at and switch; the gates let nobody else in. */
@Module({ controllers: [BreakersController, MaintenanceController, QueueBoardController, StatusController] })
export class AdminModule {}
