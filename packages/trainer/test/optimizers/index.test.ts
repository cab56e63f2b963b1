import { describe, expect, it } from 'vitest';
import { OPTIMIZERS, optimizer } from '../../src/optimizers/index.js';

describe('optimizer', () => {
  it('finds each by its own name', () => {
    for (const [name, value] of Object.entries(OPTIMIZERS)) {
      expect(optimizer(name)).toBe(value);
      expect(value.name).toBe(name);
    }
  });

  it.each(['', 'Adam', 'constructor', '__proto__', 'hasOwnProperty'])('refuses the name "%s"', (name) => {
    expect(() => optimizer(name)).toThrow(
      expect.objectContaining({
        name: 'TrainerError',
        code: 'unknown-optimizer',
        message: `optimizer: one of sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw expected, got "${name}"`,
      }),
    );
  });
});
