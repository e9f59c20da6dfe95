/* SPDX-License-Identifier: MIT */
/*
 * train_digits - a real, small job to measure: it learns to read handwritten digits.
 *
 *     train_digits TRAIN.csv TEST.csv [EPOCHS]
 *
 * A network of 64 inputs, 512 ReLU units and 10 softmax outputs, trained by
 * stochastic gradient descent with momentum on batches of 32. It knows nothing
 * of Wattle: `wattle run -- train_digits ...` measures it from outside. The
 * seed is fixed, so two runs do the same work.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIXELS = 64, HIDDEN = 512, CLASSES = 10, BATCH = 32, ROWS_MAX = 5000 };

struct digits {
    int count;
    float pixels[ROWS_MAX][PIXELS]; /* 0..1 */
    int label[ROWS_MAX];
};

struct layer {
    int inputs, outputs;
    float *weights;  /* [outputs][inputs] */
    float *bias;     /* [outputs] */
    float *gradient; /* of weights, then of bias */
    float *momentum;
};

static struct digits train, test;

static uint64_t random_state = 20261121;

/* xorshift64* (Vigna, 2016): uniform in [0, 1). */
static double random_unit(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (double)(random_state * 2685821657736338717u >> 11) / 9007199254740992.0;
}

static int digits_load(struct digits *digits, const char *path)
{
    char line[1024];
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        perror(path);
        return -1;
    }
    while (fgets(line, sizeof line, file) != NULL && digits->count < ROWS_MAX) {
        char *at = line;
        int i;

        for (i = 0; i <= PIXELS; i++) {
            char *end;
            long value = strtol(at, &end, 10);

            if (end == at || value < 0 || value > 16) {
                break; /* the header, or no digit at all */
            }
            if (i < PIXELS) {
                digits->pixels[digits->count][i] = (float)value / 16;
            } else if (value < CLASSES) {
                digits->label[digits->count++] = (int)value;
            }
            at = *end == ',' ? end + 1 : end;
        }
    }
    fclose(file);
    if (digits->count == 0) {
        fprintf(stderr, "%s: no digits in it\n", path);
        return -1;
    }
    return 0;
}

static int layer_init(struct layer *layer, int inputs, int outputs)
{
    size_t size = (size_t)(inputs + 1) * (size_t)outputs;
    double limit = sqrt(6.0 / inputs); /* He et al., 2015 */
    int i;

    layer->inputs = inputs;
    layer->outputs = outputs;
    layer->weights = calloc(size, sizeof(float));
    layer->gradient = calloc(size, sizeof(float));
    layer->momentum = calloc(size, sizeof(float));
    if (layer->weights == NULL || layer->gradient == NULL || layer->momentum == NULL) {
        fprintf(stderr, "out of memory\n");
        return -1;
    }
    layer->bias = layer->weights + (size_t)inputs * (size_t)outputs;
    for (i = 0; i < inputs * outputs; i++) {
        layer->weights[i] = (float)((2 * random_unit() - 1) * limit);
    }
    return 0;
}

static void layer_finish(struct layer *layer)
{
    free(layer->weights);
    free(layer->gradient);
    free(layer->momentum);
}

static void layer_forward(const struct layer *layer, const float *in, float *out)
{
    int o, i;

    for (o = 0; o < layer->outputs; o++) {
        const float *row = layer->weights + (size_t)o * (size_t)layer->inputs;
        float sum = layer->bias[o];

        for (i = 0; i < layer->inputs; i++) {
            sum += row[i] * in[i];
        }
        out[o] = sum;
    }
}

/* Adds to the gradients; in_slope, unless NULL, receives the slope with respect to the inputs. */
static void layer_backward(struct layer *layer, const float *in, const float *out_slope,
                           float *in_slope)
{
    float *bias_gradient = layer->gradient + (size_t)layer->inputs * (size_t)layer->outputs;
    int o, i;

    if (in_slope != NULL) {
        memset(in_slope, 0, (size_t)layer->inputs * sizeof(float));
    }
    for (o = 0; o < layer->outputs; o++) {
        const float *row = layer->weights + (size_t)o * (size_t)layer->inputs;
        float *gradient = layer->gradient + (size_t)o * (size_t)layer->inputs;

        for (i = 0; i < layer->inputs; i++) {
            gradient[i] += out_slope[o] * in[i];
        }
        for (i = 0; in_slope != NULL && i < layer->inputs; i++) {
            in_slope[i] += out_slope[o] * row[i];
        }
        bias_gradient[o] += out_slope[o];
    }
}

static void layer_step(struct layer *layer, float rate)
{
    int size = (layer->inputs + 1) * layer->outputs;
    int i;

    for (i = 0; i < size; i++) {
        layer->momentum[i] = 0.9f * layer->momentum[i] - rate * layer->gradient[i];
        layer->weights[i] += layer->momentum[i];
        layer->gradient[i] = 0;
    }
}

/* Probabilities in place; returns the most likely class. */
static int softmax(float *scores)
{
    float sum = 0;
    int best = 0;
    int c;

    for (c = 1; c < CLASSES; c++) {
        if (scores[c] > scores[best]) {
            best = c;
        }
    }
    for (c = CLASSES - 1; c >= 0; c--) {
        if (c != best) {
            scores[c] = expf(scores[c] - scores[best]);
            sum += scores[c];
        }
    }
    sum += 1;
    scores[best] = 1;
    for (c = 0; c < CLASSES; c++) {
        scores[c] /= sum;
    }
    return best;
}

static int predict(const struct layer *first, const struct layer *second, const float *pixels,
                   float *hidden, float *scores)
{
    int i;

    layer_forward(first, pixels, hidden);
    for (i = 0; i < HIDDEN; i++) {
        hidden[i] = hidden[i] > 0 ? hidden[i] : 0;
    }
    layer_forward(second, hidden, scores);
    return softmax(scores);
}

/* One pass over the training digits in a new random order; returns the mean loss. */
static double train_epoch(struct layer *first, struct layer *second, float rate)
{
    static int order[ROWS_MAX];
    double loss = 0;
    int n, i;

    for (n = 0; n < train.count; n++) {
        int other = (int)(random_unit() * (n + 1));

        order[n] = order[other];
        order[other] = n;
    }
    for (n = 0; n < train.count; n++) {
        float hidden[HIDDEN], hidden_slope[HIDDEN], scores[CLASSES];
        const float *pixels = train.pixels[order[n]];
        int label = train.label[order[n]];

        predict(first, second, pixels, hidden, scores);
        loss -= log((double)scores[label] + 1e-12);
        scores[label] -= 1; /* now the slope of the loss with respect to the scores */
        layer_backward(second, hidden, scores, hidden_slope);
        for (i = 0; i < HIDDEN; i++) {
            hidden_slope[i] = hidden[i] > 0 ? hidden_slope[i] : 0;
        }
        layer_backward(first, pixels, hidden_slope, NULL);
        if ((n + 1) % BATCH == 0 || n + 1 == train.count) {
            layer_step(first, rate / BATCH);
            layer_step(second, rate / BATCH);
        }
    }
    return loss / train.count;
}

static double accuracy(const struct layer *first, const struct layer *second)
{
    float hidden[HIDDEN], scores[CLASSES];
    int right = 0;
    int n;

    for (n = 0; n < test.count; n++) {
        right += predict(first, second, test.pixels[n], hidden, scores) == test.label[n];
    }
    return (double)right / test.count;
}

int main(int argc, char **argv)
{
    struct layer first = {0}, second = {0};
    int epochs = argc > 3 ? atoi(argv[3]) : 60;
    int status = 1;
    int epoch;

    if (argc < 3 || epochs < 1) {
        fprintf(stderr, "usage: train_digits TRAIN.csv TEST.csv [EPOCHS]\n");
        return 2;
    }
    if (digits_load(&train, argv[1]) != 0 || digits_load(&test, argv[2]) != 0 ||
        layer_init(&first, PIXELS, HIDDEN) != 0 || layer_init(&second, HIDDEN, CLASSES) != 0) {
        goto out;
    }
    for (epoch = 1; epoch <= epochs; epoch++) {
        double loss = train_epoch(&first, &second, 0.05f);

        if (epoch == 1 || epoch % 10 == 0 || epoch == epochs) {
            printf("epoch %3d  loss %.4f  test accuracy %.2f %%\n", epoch, loss,
                   100 * accuracy(&first, &second));
            fflush(stdout);
        }
    }
    status = 0;
out:
    layer_finish(&first);
    layer_finish(&second);
    return status;
}
