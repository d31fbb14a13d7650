/* search_filter.c: which bytes of a needle to look for. */

#include "search_filter.h"

/* How common each byte is, from 0 for the rarest; the mean over equal shares
   of English text, C, Python, compiled Python and x86-64 programs, counted
   by benchmarks/byte_ranks.py. */
static const unsigned char commonness[256] = {
    254, 228, 208, 198, 193, 191, 171, 167, 203, 159, 245, 163,
    168, 152, 178, 215, 183, 144, 146, 145, 143, 132, 117, 114,
    165, 109, 133, 108, 113, 103, 107, 172, 255, 128, 199, 185,
    206, 148, 135, 192, 224, 226, 196, 131, 221, 216, 229, 220,
    200, 205, 187, 164, 156, 184, 134, 112, 158, 169, 197, 182,
    140, 207, 155,  75, 151, 233, 180, 209, 212, 222, 194, 188,
    236, 230, 104, 126, 218, 189, 214, 213, 219,  73, 217, 232,
    223, 211, 136, 153, 149, 150,  77, 179, 162, 154,  65, 242,
    116, 246, 227, 244, 241, 253, 240, 225, 237, 250, 176, 190,
    243, 235, 249, 247, 239, 115, 251, 248, 252, 238, 202, 204,
    195, 234, 160, 123, 127, 122,  57,  49, 161,  72,  32, 177,
    170, 174,  54,  48, 137, 210,  25, 201,  71, 181,  34,  93,
    141,  82,  14,  38,  64,  98,  11,  70, 124,  61,   7,  16,
     44,   5,   8,  53, 119,  41,  24,  28,  39,   3,   1,  27,
     99,  59,  10,  13,  30,   0,   2,  37,  89,  20,   4,   9,
     33,   6,  83,  40, 102,  51,  85,  26,  58,  22,  81,  55,
    173, 121,  88, 120,  90,  66,  94, 130,  78,  76,  29,  12,
     21,  15,  23,  18, 139, 142,  95, 125,  74,  45,  43, 118,
    166,  63, 175,  62, 101,  35,  50,  91, 110,  31,  46,  17,
     60,  19,  42,  52, 186, 157,  47,  97,  68,  56,  67, 106,
    147,  86,  87, 129,  79,  36, 100,  80, 105,  69,  96,  84,
     92, 111, 138, 231,
};

/* Long needles have rare bytes near their start, too. */
#define LOOK_AT 64

/* Two bytes that are rarer than this are enough for the test of every
   start; below lie half of the capital letters, and no small one but q. */
#define RARE 220

static int
at_most(int number, int limit)
{
    return number < limit ? number : limit;
}

static void
add(struct search_filter *filter, const unsigned char *needle, size_t offset)
{
    for (int k = 0; k < filter->count; k++) {
        if (filter->offset[k] == offset) {
            return;
        }
    }
    filter->offset[filter->count] = offset;
    filter->value[filter->count] = needle[offset];
    filter->count++;
}

static bool
has_value(const struct search_filter *filter, unsigned char value)
{
    for (int k = 0; k < filter->count; k++) {
        if (filter->value[k] == value) {
            return true;
        }
    }
    return false;
}

/* Add the rarest byte whose value is not there yet, if there is one. */
static void
add_rarest(struct search_filter *filter, const unsigned char *needle,
           size_t m)
{
    size_t best = m;

    for (size_t i = 0; i < m; i++) {
        if ((best == m || commonness[needle[i]] < commonness[needle[best]])
            && !has_value(filter, needle[i]))
        {
            best = i;
        }
    }
    if (best < m) {
        add(filter, needle, best);
    }
}

void
search_filter_byte(struct search_filter *filter, unsigned char value)
{
    filter->offset[0] = 0;
    filter->value[0] = value;
    filter->count = 1;
    filter->at_once = 1;
}

void
search_filter_ends(struct search_filter *filter, const unsigned char *needle,
                   size_t m)
{
    filter->count = 0;
    add(filter, needle, 0);
    add(filter, needle, m - 1);
    filter->at_once = filter->count;
}

void
search_filter_rare(struct search_filter *filter, const unsigned char *needle,
                   size_t m)
{
    size_t looked_at = m < LOOK_AT ? m : LOOK_AT;

    filter->count = 0;
    add_rarest(filter, needle, looked_at);
    add_rarest(filter, needle, looked_at);
    bool rare = filter->count == 2 && commonness[filter->value[1]] < RARE;
    add_rarest(filter, needle, looked_at);
    add(filter, needle, m - 1);
    add(filter, needle, 0);
    filter->at_once = rare ? 2 : at_most(filter->count, FILTER_AT_ONCE);
}

void
search_filter_learn(struct search_filter *filter, const unsigned char *needle,
                    size_t offset)
{
    if (filter->count < FILTER_MOST) {
        filter->count++;
    }
    for (int k = filter->count - 1; k > 0; k--) {
        filter->offset[k] = filter->offset[k - 1];
        filter->value[k] = filter->value[k - 1];
    }
    filter->offset[0] = offset;
    filter->value[0] = needle[offset];
    filter->at_once = at_most(filter->count, FILTER_AT_ONCE);
}
