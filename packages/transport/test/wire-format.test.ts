import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { RETRYABLE } from '../src/errors.js';
import { encodeFrame, frameBytes } from '../src/frame-encoder.js';
import { HELLO_BYTES, HelloStatus, PROOF_BYTES } from '../src/hello.js';
import { FRAME_VERSION, FrameFlag, FrameKind, PREFIX_BYTES } from '../src/prefix.js';

const read = (name: string) => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
const document = read('wire-format.md');

const EXAMPLE = {
  kind: 17,
  term: 2,
  request: 7,
  header: { version: 41, worker: 3 },
  payload: Float32Array.of(0.5, -2, 3),
};

/** The document's dump of a frame: each part's offset, bytes, and what they say. */
function dump(frame: Uint8Array): string {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const lines: string[] = [];
  let at = 0;
  const part = (length: number, say: (at: number) => string) => {
    const bytes = [...frame.subarray(at, at + length)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    lines.push(`${at.toString(16).padStart(4, '0')}  ${bytes.padEnd(23)}  ${say(at)}`.trimEnd());
    at += length;
  };
  const u32 = (i: number) => view.getUint32(i, true);
  const u64 = (i: number) => Number(view.getBigUint64(i, true));
  const hex = (n: number) => `0x${n.toString(16)}`;
  const text = (i: number, length: number) => Buffer.from(frame.subarray(i, i + length)).toString('latin1');
  part(4, (i) => `magic        ${text(i, 4)}`);
  part(
    4,
    (i) => `version ${frame[i]}, kind ${frame[i + 1]}, flags: ${view.getUint16(i + 2, true) === 1 ? 'crc' : 'none'}`,
  );
  part(4, (i) => `term ${u32(i)}`);
  part(4, (i) => `headerBytes ${u32(i)}`);
  part(8, (i) => `payloadBytes ${u64(i)}`);
  part(8, (i) => `request ${u64(i)}`);
  part(4, () => 'reserved');
  part(4, (i) => `prefixCrc    ${hex(u32(i))}`);
  const headerEnd = PREFIX_BYTES + u32(12);
  part(1, (i) => `map of ${frame[i]! & 15}`);
  while (at < headerEnd) {
    const first = frame[at]!;
    if (first >= 0xa0) part(1 + (first & 31), (i) => `"${text(i + 1, first & 31)}"`);
    else part(1, () => `${first}`);
  }
  const payloadAt = Math.ceil(headerEnd / 8) * 8;
  part(payloadAt - at, () => 'padding to a multiple of 8');
  while (at < payloadAt + u64(16)) part(4, (i) => `${view.getFloat32(i, true)}`);
  part(8, (i) => `crc          ${hex(u64(i))}`);
  expect(at).toBe(frame.length);
  return lines.join('\n');
}

it('shows a frame as it is written today', () => {
  const section = document.slice(document.indexOf('### A real frame'));
  const [, shown] = /```\n([\s\S]*?)\n```/.exec(section)!;
  const frame = frameBytes(encodeFrame(EXAMPLE));
  expect(shown).toBe(dump(frame));
  expect(section).toContain(
    `Kind 17, term 2, request 7, header \`{ version: 41, worker: 3 }\`, payload float32 \`[0.5, -2, 3]\`; ${frame.length} bytes.`,
  );
});

it('names each kind, flag, status and length that there is', () => {
  const { application, ...kinds } = FrameKind;
  const rows = [...document.matchAll(/^\| (\d+) +\| ([a-z]+) +\|/gm)].map(([, number, name]) => [name, Number(number)]);
  expect(Object.fromEntries(rows)).toMatchObject(kinds);
  expect(document).toContain(`below ${application} transport's own`);
  expect(Object.values(FrameFlag)).toEqual([1]);
  expect(document).toContain(`# The wire format, version ${FRAME_VERSION}`);
  expect(document).toMatch(new RegExp(`^hello = .*(\n.*)?${HELLO_BYTES} bytes`, 'm'));
  expect(document).toMatch(new RegExp(`^proof = .*${PROOF_BYTES} bytes`, 'm'));
  const said = /status ≠ 0 [^:]*: ([^.]*)\./.exec(document)![1]!.match(/\d+(?= [A-Za-z])/g)!;
  expect(said.map(Number)).toEqual(Object.values(HelloStatus).filter((status) => status !== 0));
});

it('has a row for each error code, with what the code does', () => {
  const rows = [...read('errors.md').matchAll(/^\| `([a-z-]+)` +\|[^|]+\| (yes|no|as told) +\|/gm)];
  const told = { ...RETRYABLE, remote: 'as told' };
  const shown = rows.map(([, code, retryable]) => [code, retryable === 'as told' ? retryable : retryable === 'yes']);
  expect(Object.fromEntries(shown)).toEqual(told);
  expect(rows).toHaveLength(Object.keys(RETRYABLE).length);
});
