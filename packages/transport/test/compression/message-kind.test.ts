import { expect, it } from 'vitest';
import { expectDelta } from '../../src/compression/message-kind.js';

it('expectDelta refuses a state, and says what to take', () => {
  expectDelta('top-k', 'delta');
  expect(() => expectDelta('top-k', 'state')).toThrow(
    'top-k: a delta expected, got state: a state needs float32, fp16, bf16 or int8, which send every element',
  );
});
