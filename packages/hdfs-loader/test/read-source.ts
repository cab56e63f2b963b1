import type { Samples } from '../src/samples.js';
import type { OpenOptions, OpenSource, Source, SubsetName } from '../src/sources/source.js';

/** One subset of a source, from a row on, as one piece. */
export async function readSubset(opened: OpenSource, subset: SubsetName, start = 0): Promise<Samples<Uint8Array>> {
  const features = opened.inputShape.reduce((product, size) => product * size, 1);
  const inputs: Uint8Array[] = [];
  const labels: number[] = [];
  for await (const batch of opened.read(subset, { start })) {
    // The batch is the source's again once the next one is asked for.
    inputs.push(Uint8Array.from(batch.inputs));
    labels.push(...batch.labels);
  }
  return {
    inputs: Uint8Array.from(Buffer.concat(inputs)),
    labels: Uint16Array.from(labels),
    count: labels.length,
    features,
  };
}

/** Everything that a source holds. */
export async function readSource(
  source: Source,
  options: OpenOptions = {},
): Promise<{ opened: OpenSource; train: Samples<Uint8Array>; test: Samples<Uint8Array>; remarks: readonly string[] }> {
  const opened = await source.open(options);
  const [train, test] = [await readSubset(opened, 'train'), await readSubset(opened, 'test')];
  await source.close();
  return { opened, train, test, remarks: await opened.remarks() };
}
