/** A sequence in [−1, 1), the same every time (Lehmer's generator). */
export function sequence(seed: number): () => number {
  let x = seed * 48271 + 1;
  return () => {
    x = (x * 48271) % 2147483647;
    return (2 * x) / 2147483647 - 1;
  };
}

/** A bell-shaped vector, as gradients are. */
export function gradient(n: number, next: () => number): Float32Array {
  return Float32Array.from({ length: n }, () => next() * next() * next());
}

export const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** A byte array that starts where 4 divides, holding what hex says. */
export const fromHex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));

/** Asserts that a call ends in one TransportError of a code, with a message of one line. */
export function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    const { name, code, message } = error as { name: string; code: string; message: string };
    if (name !== 'TransportError') throw error;
    if (message.includes('\n')) throw new Error(`a message of one line expected, got ${message}`);
    return code;
  }
  return 'none';
}
