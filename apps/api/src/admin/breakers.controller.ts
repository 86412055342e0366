import { Controller, Get, HttpCode, Inject, Logger, Param, Post, Req } from '@nestjs/common';
import { InferenceService } from '@app/inference';
import { Policies, type BreakerStats, type Policy } from '@app/resilience';
import type { FastifyRequest } from 'fastify';
import { HttpError } from '../http-errors.js';
import { keyOf } from '../http/caller.js';
import { clientAddress } from '../http/client-address.js';
import { SETTINGS, type Settings } from '../settings.js';
import type { BreakerBody, BreakersBody } from './admin.schema.js';

type Breaker = NonNullable<Policy['breaker']>;

/** Breakers of the process that is asked; the others have their own. */
@Controller('admin/breakers')
export class BreakersController {
  private readonly log = new Logger(BreakersController.name);

  constructor(
    private readonly policies: Policies,
    private readonly inference: InferenceService,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  @Get()
  list(): BreakersBody {
    return { worker_id: this.settings.workerId, breakers: this.breakers().map((breaker) => bodyOf(breaker.stats())) };
  }

  @Get(':name')
  one(@Param('name') name: string): BreakerBody {
    return bodyOf(this.breaker(name).stats());
  }

  @Post(':name/reset')
  @HttpCode(200)
  reset(@Param('name') name: string, @Req() request: FastifyRequest): BreakerBody {
    return this.change(name, request, 'closed and cleared', (breaker) => breaker.reset());
  }

  @Post(':name/force-open')
  @HttpCode(200)
  forceOpen(@Param('name') name: string, @Req() request: FastifyRequest): BreakerBody {
    return this.change(name, request, 'forced open', (breaker) => breaker.forceOpen());
  }

  @Post(':name/force-closed')
  @HttpCode(200)
  forceClosed(@Param('name') name: string, @Req() request: FastifyRequest): BreakerBody {
    return this.change(name, request, 'forced closed', (breaker) => breaker.forceClosed());
  }

  private change(name: string, request: FastifyRequest, done: string, act: (breaker: Breaker) => void): BreakerBody {
    const breaker = this.breaker(name);
    act(breaker);
    const who = keyOf(request.raw)?.id ?? 'somebody on this machine';
    this.log.warn(`The breaker "${name}" was ${done} by ${who} from ${clientAddress(request) ?? 'nowhere'}`);
    return bodyOf(breaker.stats());
  }

  /** Those of models, too, that nobody has asked yet. */
  private breakers(): Breaker[] {
    const models = this.policies.family('model');
    this.inference.models().forEach(({ name }) => models.of(name));
    return this.policies.all().flatMap(({ breaker }) => (breaker ? [breaker] : []));
  }

  private breaker(name: string): Breaker {
    const breaker = this.breakers().find((each) => each.name === name);
    if (!breaker) {
      throw new HttpError('BREAKER_NOT_FOUND', 'There is no such breaker; GET /admin/breakers lists them.');
    }
    return breaker;
  }
}

function bodyOf(stats: BreakerStats): BreakerBody {
  const { retryAfterSeconds } = stats;
  return {
    name: stats.policy,
    state: stats.state,
    time_in_state_seconds: stats.timeInStateSeconds,
    ...(retryAfterSeconds !== undefined && { retry_after_seconds: retryAfterSeconds }),
    consecutive_failures: stats.consecutiveFailures,
    total: stats.total,
    succeeded: stats.succeeded,
    failed: stats.failed,
    rejected: stats.rejected,
    timed_out: stats.timedOut,
    slow: stats.slow,
    state_changes: stats.stateChanges,
    window: stats.window,
  };
}
