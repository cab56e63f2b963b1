import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Fifo } from '../src/fifo.js';

it('does what an array does', () => {
  const steps = fc.array(fc.oneof(fc.nat(5), fc.constantFrom('shift' as const, 'clear' as const)), { maxLength: 60 });
  fc.assert(
    fc.property(steps, fc.nat(50), (todo, which) => {
      const fifo = new Fifo<number>();
      let plain: number[] = [];
      for (const [i, step] of todo.entries()) {
        if (step === 'shift') expect(fifo.shift()).toBe(plain.shift());
        else if (step === 'clear' && which % 3 === 0) {
          expect(fifo.clear()).toEqual(plain);
          plain = [];
        } else if (i % 7 === 6) {
          const at = plain.indexOf(which);
          expect(fifo.remove(which)).toBe(at >= 0);
          if (at >= 0) plain.splice(at, 1);
        } else {
          fifo.push(i);
          plain.push(i);
        }
        expect(fifo.length).toBe(plain.length);
      }
      expect(fifo.clear()).toEqual(plain);
    }),
  );
});

it('keeps the order over thousands', () => {
  const fifo = new Fifo<number>();
  let next = 0;
  for (let i = 0; i < 5000; i++) {
    fifo.push(i);
    if (i % 3 !== 0) expect(fifo.shift()).toBe(next++);
  }
  while (fifo.length > 0) expect(fifo.shift()).toBe(next++);
  expect(next).toBe(5000);
  expect(fifo.shift()).toBeUndefined();
});
