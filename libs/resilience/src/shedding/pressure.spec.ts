import { Pressure } from './pressure.js';

describe('Pressure', () => {
  let rss: number;
  let heldUpMs: number;
  let pressure: Pressure;

  beforeEach(() => {
    jest.useFakeTimers();
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + heldUpMs);
    rss = heldUpMs = 0;
    pressure = new Pressure({ maxEventLoopDelayMs: 50, maxRssBytes: 1000 }, () => rss);
    pressure.start();
  });

  afterEach(() => {
    pressure.stop();
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  /** The event loop is held up for so long, and nothing runs meanwhile. */
  function holdUp(ms: number): void {
    heldUpMs += ms;
    jest.advanceTimersByTime(100);
  }

  it('is none while the event loop runs and memory suffices', () => {
    jest.advanceTimersByTime(1000);
    expect(pressure.level).toBe(0);
  });

  it.each([
    [49, 0],
    [50, 1],
    [100, 2],
    [200, 3],
  ])('rises with the delay of the event loop when it lasts: %i ms are level %i', (delayMs, level) => {
    holdUp(delayMs);
    expect(pressure.level).toBe(0);
    holdUp(delayMs);
    expect(pressure).toMatchObject({ level, reason: 'event_loop' });
  });

  it('falls as soon as the delay does', () => {
    for (let sample = 0; sample < 2; sample++) holdUp(200);
    holdUp(50);
    expect(pressure.level).toBe(1);
    jest.advanceTimersByTime(100);
    expect(pressure.level).toBe(0);
    holdUp(200);
    expect(pressure.level).toBe(0);
  });

  it.each([
    [899, 0],
    [900, 1],
    [950, 2],
    [1000, 3],
  ])('rises with memory: %i of 1000 bytes are level %i', (bytes, level) => {
    rss = bytes;
    jest.advanceTimersByTime(1100);
    expect(pressure).toMatchObject({ level, reason: level > 0 ? 'memory' : 'event_loop' });
  });

  it('is over when its cause is', () => {
    rss = 1000;
    jest.advanceTimersByTime(1100);
    rss = 0;
    jest.advanceTimersByTime(1100);
    expect(pressure.level).toBe(0);
    rss = 1000;
    jest.advanceTimersByTime(1100);
    pressure.stop();
    expect(pressure.level).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('reads the memory of this process', () => {
    const real = new Pressure({ maxRssBytes: 1 });
    real.start();
    jest.advanceTimersByTime(100);
    expect(real).toMatchObject({ level: 3, reason: 'memory' });
    real.stop();
  });
});
