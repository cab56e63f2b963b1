/** One shard through a fitted pipeline. */
import type { Samples } from '@weft/hdfs-loader';
import type { Matrix, Pipeline } from '@weft/preprocessing';
import { cut } from './chunks.js';
import { addErrors, NO_ERROR, type Reconstruction, type ReconstructionError } from './reconstruction.js';

/**
 * Transforms the samples of a shard, chunk by chunk; their order and labels stay.
 *
 * @param o.reconstruction given: what is lost on the way is measured too
 * @returns new memory; error is null without a reconstruction
 * @throws {PreprocessingError}, and the signal's reason
 * @example const { samples } = await transformShard(await subset.load(), { pipeline, reconstruction: null });
 */
export async function transformShard(
  samples: Samples,
  o: { pipeline: Pipeline; reconstruction: Reconstruction | null; signal?: AbortSignal | undefined },
): Promise<{ samples: Samples; error: ReconstructionError | null }> {
  const { pipeline, reconstruction, signal } = o;
  const { count } = samples;
  const features = pipeline.sampleShape.reduce((product, size) => product * size, 1);
  const length = count * features;
  const inputs = pipeline.dtype === 'uint8' ? new Uint8Array(length) : new Float32Array(length);
  let error = NO_ERROR;
  for (const x of cut(samples, 0, count)) {
    signal?.throwIfAborted();
    const into = inputs.subarray(x.start * features, (x.start + x.rows) * features);
    let y: Matrix;
    if (reconstruction) {
      const restored = await reconstruction.restore(x);
      error = addErrors(error, reconstruction.errorOf(restored));
      y = restored.output;
    } else {
      y = await pipeline.transform(x, into instanceof Float32Array ? into : undefined);
    }
    const values = y.values.subarray(0, into.length);
    const isThere = values.buffer === into.buffer && values.byteOffset === into.byteOffset;
    if (!isThere) into.set(values);
  }
  const labels = samples.labels.slice(0, count);
  return { samples: { inputs, labels, count, features }, error: reconstruction && error };
}
