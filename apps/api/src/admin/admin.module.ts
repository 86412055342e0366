import { Module } from '@nestjs/common';
import { QueueBoardController } from './queue-board.controller.js';

/** What operators look at. */
@Module({ controllers: [QueueBoardController] })
export class AdminModule {}
