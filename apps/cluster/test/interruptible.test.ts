import { describe, expect, it, vi } from 'vitest';
import { interruptible } from '../src/interruptible.js';

const listeners = () => ['SIGINT', 'SIGTERM', 'SIGHUP'].map((name) => process.listenerCount(name));

describe('interruptible', () => {
  it('aborts at the first signal, and leaves signals as they were', async () => {
    const before = listeners();
    const onKill = vi.fn();
    await interruptible({
      run: async (signal) => {
        expect(signal.aborted).toBe(false);
        process.emit('SIGTERM', 'SIGTERM');
        expect(signal.aborted).toBe(true);
      },
      onKill,
    });
    expect(onKill).not.toHaveBeenCalled();
    expect(listeners()).toEqual(before);
  });

  it('ends the process at the second one, after the terminal was put right', async () => {
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
    const onKill = vi.fn();
    await interruptible({
      run: async () => {
        process.emit('SIGINT', 'SIGINT');
        process.emit('SIGINT', 'SIGINT');
      },
      onKill,
    });
    expect(onKill).toHaveBeenCalledOnce();
    expect(exit).toHaveBeenCalledWith(130);
    exit.mockRestore();
  });

  it('lets a failure through', async () => {
    const before = listeners();
    const failing = interruptible({ run: () => Promise.reject(new Error('no')), onKill: () => {} });
    await expect(failing).rejects.toThrow('no');
    expect(listeners()).toEqual(before);
  });
});
