/** How long the steps took to fit; it outlives a process that is killed. */
import type { StagedShards } from '@weft/hdfs-loader';
import { z } from 'zod';

const FILE = 'notes.json';
/** Seconds by the step's index. */
const SCHEMA = z.object({ fitSeconds: z.record(z.string(), z.number()) });

type Files = Pick<StagedShards, 'readFile' | 'writeFile'>;

export class Notes {
  readonly #files: Files;
  readonly #fitSeconds: Record<string, number>;

  private constructor(files: Files, fitSeconds: Record<string, number>) {
    this.#files = files;
    this.#fitSeconds = fitSeconds;
  }

  /** Those of an earlier process; what cannot be read is worth nothing. @throws what the storage throws */
  static async open(files: Files): Promise<Notes> {
    const bytes = await files.readFile(FILE);
    const found = SCHEMA.safeParse(bytes && jsonOf(bytes));
    return new Notes(files, found.success ? found.data.fitSeconds : {});
  }

  /** null where that is not known. */
  fitSeconds(step: number): number | null {
    return this.#fitSeconds[step] ?? null;
  }

  async fitted(step: number, seconds: number): Promise<void> {
    this.#fitSeconds[step] = seconds;
    await this.#files.writeFile(FILE, Buffer.from(`${JSON.stringify({ fitSeconds: this.#fitSeconds })}\n`));
  }
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return null;
  }
}
