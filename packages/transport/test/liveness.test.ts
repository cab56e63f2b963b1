import { describe, expect, it } from 'vitest';
import { Liveness } from '../src/liveness.js';
import { gate } from './pair.js';

describe('Liveness', () => {
  it('beats while nothing is sent', async () => {
    const beaten = gate();
    const liveness = new Liveness({
      heartbeatMs: 2,
      detectionMs: 60_000,
      beat: () => beaten.open(),
      onSilent: () => {},
    });
    await beaten.promise;
    liveness.stop();
  });

  it('says once that a peer is silent', async () => {
    const silent = gate<number>();
    new Liveness({ heartbeatMs: 60_000, detectionMs: 8, beat: () => {}, onSilent: silent.open });
    expect(await silent.promise).toBeGreaterThanOrEqual(8);
  });

  it('does not blame the peer for a process that was busy itself', async () => {
    let silent = false;
    const beaten = gate();
    const liveness: Liveness = new Liveness({
      heartbeatMs: 20,
      detectionMs: 40,
      // What comes with the first beat after the stall stands for bytes that lay in the kernel.
      beat: () => {
        setImmediate(beaten.open);
        liveness.received();
      },
      onSilent: () => {
        silent = true;
      },
    });
    const untilMs = performance.now() + 60;
    while (performance.now() < untilMs);
    await beaten.promise;
    liveness.stop();
    expect(silent).toBe(false);
  });

  it('is patient while this side does not read', async () => {
    const beats = gate();
    let count = 0;
    const liveness = new Liveness({
      heartbeatMs: 4,
      detectionMs: 4,
      beat: () => {
        if (++count === 10) beats.open();
      },
      onSilent: () => expect.unreachable(),
    });
    liveness.pause(true);
    await beats.promise;
    liveness.stop();
  });

  it('refuses times that are none', () => {
    const o = { beat: () => {}, onSilent: () => {} };
    expect(() => new Liveness({ ...o, heartbeatMs: 0, detectionMs: 10 })).toThrow(/^heartbeatMs: /);
    expect(() => new Liveness({ ...o, heartbeatMs: 10, detectionMs: Number.NaN })).toThrow(/^detectionMs: /);
  });
});
