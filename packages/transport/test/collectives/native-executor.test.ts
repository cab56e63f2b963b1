import { hasCollectiveRunner } from '@weft/native';
import { describe } from 'vitest';
import { itIsAnExecutor } from './executor-contract.js';

describe.skipIf(!hasCollectiveRunner())('on a thread of the addon (needs it)', () => itIsAnExecutor('native'));
