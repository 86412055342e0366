import { eventually, until } from './until.js';

afterEach(() => jest.restoreAllMocks());

describe('until', () => {
  it('gives what was found, as soon as it is there', async () => {
    const find = jest.fn().mockReturnValueOnce(undefined).mockResolvedValueOnce(false).mockResolvedValue('found');
    expect(await until(find, { pollMs: 1 })).toBe('found');
    expect(find).toHaveBeenCalledTimes(3);
  });

  it('fails when the time is over, with the complaint if there is one', async () => {
    const patience = { timeoutMs: 5, pollMs: 1 };
    await expect(until(() => false, patience)).rejects.toThrow('It did not happen within 5 ms.');
    await expect(until(() => false, { ...patience, complaint: async () => 'none came' })).rejects.toThrow('none came');
  });

  it('fails at once when it is hopeless', async () => {
    const find = jest.fn();
    await expect(until(find, { isHopeless: () => true })).rejects.toThrow('It did not happen');
    expect(find).toHaveBeenCalledTimes(1);
  });

  it('does not count a time in which this process stood still', async () => {
    jest.spyOn(performance, 'now').mockReturnValueOnce(0).mockReturnValue(3_600_000);
    const find = jest.fn().mockReturnValueOnce(false).mockReturnValue('happened meanwhile');
    expect(await until(find, { pollMs: 1 })).toBe('happened meanwhile');
  });

  it('lets through what a look throws', async () => {
    await expect(until(() => Promise.reject(new Error('no such file')))).rejects.toThrow('no such file');
  });
});

describe('eventually', () => {
  it('repeats what fails until it does not', async () => {
    const attempt = jest.fn().mockRejectedValueOnce(new Error('not yet')).mockResolvedValue(0);
    expect(await eventually(attempt, { pollMs: 1 })).toBe(0);
  });

  it('throws the last failure when it gives up', async () => {
    let attempts = 0;
    const attempt = () => Promise.reject(new Error(`failure ${++attempts}`));
    await expect(eventually(attempt, { pollMs: 1, isHopeless: () => attempts === 3 })).rejects.toThrow('failure 3');
  });
});
