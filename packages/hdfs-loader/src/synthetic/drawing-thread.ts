/** A thread that draws pictures and makes JPEGs of them. Started by drawing-threads.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadSharp } from '../sources/sharp.js';
import { categories } from './categories.js';
import type { DrawingSetup, Drawn } from './drawing-threads.js';
import { drawPicture, PICTURE_SIDE } from './picture.js';
import type { PlannedPicture } from './plan.js';

/** As good as photographs in a web shop. */
const QUALITY = 88;

const { garments, seed } = workerData as DrawingSetup;
const sharp = await loadSharp();

async function draw({ picture, product, category: index, partition }: PlannedPicture): Promise<Drawn> {
  const { design, ...category } = categories[index]!;
  const { pixels, box } = drawPicture({
    category: { ...category, design: design! },
    garments: garments[partition === 'test' ? 'test' : 'train'],
    product,
    picture,
    seed,
  });
  const raw = { width: PICTURE_SIDE, height: PICTURE_SIDE, channels: 3 } as const;
  return { picture, box, jpeg: await sharp(pixels, { raw }).jpeg({ quality: QUALITY }).toBuffer() };
}

parentPort!.on('message', (planned: PlannedPicture) => {
  // What it throws ends the thread, which drawing-threads.ts tells all who wait.
  void draw(planned).then((drawn) => parentPort!.postMessage(drawn));
});
