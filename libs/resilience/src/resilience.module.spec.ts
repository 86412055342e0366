import { Controller, Get, Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Policies } from './policy/policies.js';
import type { Policy } from './policy/policy.js';
import { InjectPolicy, UsePolicy } from './policy/use-policy.decorator.js';
import { ResilienceModule } from './resilience.module.js';

const handled = jest.fn<Promise<object>, []>();

@Injectable()
class Asker {
  constructor(@InjectPolicy('model') readonly model: Policy) {}
}

@Controller()
class AskController {
  constructor(@Inject(Asker) private readonly asker: Asker) {}

  @Get('by-interceptor')
  @UsePolicy('model')
  byInterceptor(): Promise<object> {
    return handled();
  }

  @Get('by-injection')
  byInjection(): Promise<object> {
    return this.asker.model.execute(() => handled());
  }
}

describe('ResilienceModule', () => {
  let app: NestFastifyApplication;
  let policies: Policies;

  beforeEach(async () => {
    handled.mockReset().mockResolvedValue({ ok: true });
    policies = new Policies({ policies: { model: { breaker: { failureThreshold: 2 } } }, workerId: 'worker-1' });
    const boundsOf = () => ({ deadlineMs: performance.now() + deadlineInMs });

    @Module({
      imports: [ResilienceModule.forRoot(policies, boundsOf)],
      controllers: [AskController],
      providers: [Asker],
    })
    class TestModule {}

    app = await NestFactory.create<NestFastifyApplication>(TestModule, new FastifyAdapter(), { logger: false });
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  });

  afterEach(() => app.close());

  let deadlineInMs = 1000;
  const get = (url: string) => app.inject({ method: 'GET', url });

  it.each(['/by-interceptor', '/by-injection'])('puts a policy around %s', async (url) => {
    expect((await get(url)).json()).toEqual({ ok: true });
    handled.mockRejectedValue(new Error('no'));
    for (let k = 0; k < 5; k++) expect((await get(url)).statusCode).toBe(500);
    expect(handled).toHaveBeenCalledTimes(3);
    expect(policies.get('model').breaker?.state).toBe('open');
  });

  it('gives the interceptor the deadline of the request', async () => {
    deadlineInMs = -1;
    expect((await get('/by-interceptor')).statusCode).toBe(500);
    expect(handled).not.toHaveBeenCalled();
    deadlineInMs = 1000;
  });
});
