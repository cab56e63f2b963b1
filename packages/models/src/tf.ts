/** tfjs, in production mode: its hint to install another package would stand in the middle of a run's output. */
import * as tf from '@tensorflow/tfjs';

tf.enableProdMode();

export { tf };
