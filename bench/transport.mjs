// Frames between two processes and collectives between several, over loopback, beside their peers in one run.
import { allReduceRows } from './all-reduce.mjs';
import { pointToPointRows } from './point-to-point.mjs';
import { writeResult } from './result.mjs';

const pointToPoint = await pointToPointRows();
const allReduce = await allReduceRows();
writeResult('transport', {
  versions: { ...pointToPoint.versions, ...allReduce.versions },
  rows: [...pointToPoint.rows, ...allReduce.rows],
});
