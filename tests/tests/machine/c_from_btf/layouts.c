/* Types whose C is hard to write back: layout, order, names, declarators. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef long long s64;
typedef unsigned long long u64;

/* Packed, evidently and not; with what is packed inside what is not. */
struct packed_odd { u8 a; u64 b; u16 c; } __attribute__((packed));
struct packed_even { u16 a; u32 b; u16 c; } __attribute__((packed));
struct packed_hidden { u32 a, b; } __attribute__((packed));
struct holds_packed { u8 a; struct packed_hidden at_1; u32 at_12; };
struct packed_tail { u64 a; u8 b; } __attribute__((packed));
union packed_union { u8 a[5]; u32 b; } __attribute__((packed));

/* Alignment that only padding or an attribute gives. */
struct aligned_member { u8 a; u8 b __attribute__((aligned(16))); u32 c __attribute__((aligned(8))); };
struct cache_lines { u32 a; u32 b __attribute__((aligned(256))); } __attribute__((aligned(256)));
struct page { u8 a; } __attribute__((aligned(4096)));
struct far_apart { u8 a; u8 : 8; u8 gap_of_120 __attribute__((aligned(8))); struct page page; };
struct tail_padded { u64 a; u8 b; } __attribute__((aligned(32)));
union aligned_union { u8 a; u32 b; } __attribute__((aligned(64)));
struct only_padding { u32 : 32; };
struct empty {};
struct holds_empty { struct empty none; int a[0]; u32 b; };

/* Behind a nameless struct, attributes are the type's: what contains it is packed, or aligns it. */
struct nameless_in_packed { u8 a; struct { u64 b; u8 c; }; } __attribute__((packed));
struct nameless_union_in_packed { u8 a; union { struct { u8 b; u64 c; u8 d; }; u64 e; }; u32 f; } __attribute__((packed));
struct nameless_packed { u32 a; struct { u64 b; } __attribute__((packed)); };
struct nameless_bits_in_packed { u8 a : 3; struct { u64 b; u8 c : 3; }; u32 d; } __attribute__((packed));
struct nameless_alignas { u8 a; _Alignas(128) struct { u8 b; }; u8 c; };
struct nameless_aligned { u8 a; struct { u8 b; } __attribute__((aligned(128))); u8 c; };
struct nameless_union_aligned { u8 a; union { u8 b; } __attribute__((aligned(256))); };
struct nameless_aligned_in_packed { u8 a; struct { u8 b; } __attribute__((aligned(256))); u8 c; } __attribute__((packed));
struct nameless_far_in_packed { u8 a[70]; _Alignas(128) struct { u64 b; u8 c; }; u8 d; } __attribute__((packed));

/* BTF of clang 19 has no type for what is atomic. */
struct atomic_between { u8 a; _Atomic u32 b; u64 c; };
struct atomic_end { u32 a; _Atomic u64 b; };
struct atomic_only { _Atomic u32 a; };
union atomic_union { _Atomic u64 a; u32 b; };
struct holds_atomic { u8 a; struct { _Atomic u16 b; u16 c; }; union atomic_union d; _Atomic u32 *e; };

/* Bit-fields: crossing, unnamed, of zero width, of every type. */
enum hue { HUE_A, HUE_B, HUE_C };
struct bits {
	u32 a : 3, : 5, b : 20, c : 8;
	u8 d : 2;
	u16 : 0;
	u16 e : 9;
	s64 f : 33, g : 31;
	_Bool h : 1;
	enum hue i : 2;
	u8 : 0;
	u8 j;
	u32 k : 32;
};
struct bits_at_end { u64 a; u32 b : 1; };
struct bits_between { u8 a; u32 b : 24; u16 c; u64 : 40; u8 d; };
struct packed_bits { u8 a : 4; u32 b : 30; u64 c : 62; u8 d : 1; } __attribute__((packed));
struct padded_bits { u64 a : 1, : 62, b : 1; u64 : 64; u64 c : 8; };
union bits_union { u32 a : 5; u64 b : 60; struct { u8 c : 1, d : 7; }; };

/* Nameless parts, members behind them, arrays in the middle. */
struct nested {
	union {
		struct { u32 low, high; };
		u64 whole;
		struct { struct { u8 deep; } __attribute__((packed)) one[2][3]; } named;
	};
	struct { int x; } *pointer, *pointers[4], array[2];
	enum { INSIDE = 7 } constant;
	u32 sized[3][0][2];
	char flexible[];
};
typedef struct { int x; } nameless;
typedef enum { NAMELESS_ON, NAMELESS_OFF } nameless_enum;

/* Each needs the other; typedefs stand between. */
struct second;
typedef struct second second_t;
typedef second_t *second_pointer;
struct first { second_pointer next; struct first *self; struct never_defined *never; union never_either *either; };
struct second { struct first by_value; struct third *third; };
struct third { u32 a; };
typedef struct third third_array[2];
struct holds_array { third_array two; third_array *behind_pointer; };

/* Declarators. */
typedef int (*callback)(struct first *, u32 count, ...);
typedef void function(void);
typedef callback chooser(const char *const name, callback fallbacks[2]);
struct declarators {
	callback one, many[3];
	int (*array_of_functions[2][3])(void);
	int (*(*returns_pointer)(int))[4];
	void (*(*returns_function)(function *))(u8);
	function *plain;
	chooser *choose;
	const volatile char *const *volatile qualified;
	const u8 constants[2][2];
	int *restrict sole;
	const struct first *const volatile *matrix[2];
	void *nothing;
	const void *const_nothing;
};

/* Enums of every size, with values at the edges. */
enum small_unsigned { SMALL_MAX = 255 } __attribute__((packed));
enum small_signed { SMALL_MIN = -128 } __attribute__((packed));
enum two_bytes { TWO_MAX = 65535 } __attribute__((packed));
enum two_by_choice : u16 { CHOSEN = 1 };
enum eight_by_choice : u64 { EIGHT = 1 };
enum int_min { INT_LEAST = -2147483647 - 1, INT_MOST = 2147483647 };
enum unsigned_max { UNSIGNED_MOST = 0xffffffff };
enum long_min { LONG_LEAST = -9223372036854775807LL - 1, LONG_MOST = 9223372036854775807LL };
enum long_unsigned { LONG_UNSIGNED = 0xffffffffffffffffULL };
enum same_values { SAME_A = 1, SAME_B = 1 };
enum forward : u8;
struct enums {
	enum small_unsigned a;
	enum small_signed b;
	enum two_bytes c;
	enum two_by_choice d;
	enum eight_by_choice e;
	enum int_min f;
	enum unsigned_max g;
	enum long_min h;
	enum long_unsigned i;
	enum same_values j;
	enum forward k;
};

/* Long holes in one scope. */
#define hole long :64; long :64; long :64; long :64; long :64; long :64; long :64; long :64; long :64;
struct holes { union { struct { int a; hole int b; }; struct { int c; hole int d; }; }; struct { int e; hole int f; } *g; };

/* Numbers, and names that mean two things. */
struct numbers { char a; signed char b; __int128 c; unsigned __int128 d; double e; float f; long g; unsigned long h; long double i; };
struct bool { _Bool bool; };
typedef struct bool bool;
struct twice { u32 a; };
typedef u64 twice;
struct twice___2 { u16 a; };

/* Tags. */
#define tag(text) __attribute__((btf_type_tag(text)))
#define declares(text) __attribute__((btf_decl_tag(text)))
struct tagged {
	int tag("user") *a;
	struct first tag("rcu") *tag("percpu") *b;
	int c declares("member \"c\"");
	int (tag("function") *d)(int tag("user") *);
	int (tag("array") *e)[3];
	int tag("element") *(tag("x") tag("y") *const f)[2][3];
} declares("whole");
typedef int tagged_int declares("typedef");

/* Every type above is in here, so that clang writes it. */
struct everything {
	struct packed_odd packed_odd; struct packed_even packed_even; struct holds_packed holds_packed;
	struct packed_tail packed_tail; union packed_union packed_union; struct aligned_member aligned_member;
	struct cache_lines cache_lines; struct far_apart far_apart; struct tail_padded tail_padded;
	union aligned_union aligned_union; struct only_padding only_padding; struct holds_empty holds_empty;
	struct bits bits; struct bits_at_end bits_at_end; struct bits_between bits_between;
	struct packed_bits packed_bits; struct padded_bits padded_bits; union bits_union bits_union;
	nameless a; nameless_enum b; struct second second; struct holds_array holds_array;
	struct declarators declarators; struct enums enums; struct numbers numbers; bool c; twice d;
	struct twice e; struct twice___2 f; struct tagged tagged; tagged_int g;
	struct atomic_between aa; struct atomic_end ab; struct atomic_only ac; struct holds_atomic ad;
	struct nameless_in_packed h; struct nameless_union_in_packed i; struct nameless_packed j;
	struct nameless_bits_in_packed k; struct nameless_alignas l; struct nameless_aligned m;
	struct holes holes; struct nameless_union_aligned n; struct nameless_aligned_in_packed o; struct nameless_far_in_packed p;
} everything;
struct nested nested;
