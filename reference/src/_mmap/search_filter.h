/* search_filter.h: which bytes of a needle to look for.

   A filter of few bytes that are rare where the search goes spares looking
   at most starts. */

#ifndef MMAP_SEARCH_FILTER_H
#define MMAP_SEARCH_FILTER_H

#include "search_kernel.h"

/* For a needle of one byte. */
void search_filter_byte(struct search_filter *filter, unsigned char value);

/* For a needle of 2 bytes or more: its ends, which cost no thought. */
void search_filter_ends(struct search_filter *filter,
                        const unsigned char *needle, size_t m);

/* For a needle of 2 bytes or more: those that are rare in most files. */
void search_filter_rare(struct search_filter *filter,
                        const unsigned char *needle, size_t m);

/* Look for the byte at this offset first: it was wrong where the others were
   right.  The one that has been in the filter longest may have to go. */
void search_filter_learn(struct search_filter *filter,
                         const unsigned char *needle, size_t offset);

#endif
