import { runShell } from './run-shell.js';

describe('runShell', () => {
  it('gives what commands say, and stops at the first that fails', async () => {
    await expect(runShell('echo a; echo b >&2; false; echo c', process.env)).resolves.toEqual({
      code: 1,
      stdout: 'a\n',
      output: expect.stringMatching(/^(a\nb|b\na)\n$/),
    });
  });

  it('keeps commands out of the process group that Ctrl-C at a terminal ends', async () => {
    const { stdout } = await runShell('echo $$; ps -o pgid= -p $$', process.env);
    const [pid, group] = stdout.trim().split(/\s+/);
    expect(group).toBe(pid);
  });

  it('ends what takes too long, with all that it has started', async () => {
    await expect(runShell('sleep 600 & sleep 600', process.env, 50)).resolves.toMatchObject({ code: 1 });
  });
});
