// RUN: hinm-opt %s --split-input-file --verify-diagnostics

// Each function is named after the constraint that it breaks.

// expected-error@+1 {{'tile' is 0, it must be at least 1}}
func.func private @pattern_c1() attributes {a = #hinm.pattern<tile = 0, nm = 2:4, vector_sparsity = 0.5>}

// -----

// expected-error@+1 {{'nm' is 5:4, it needs 1 <= N <= M}}
func.func private @pattern_c2() attributes {a = #hinm.pattern<tile = 32, nm = 5:4, vector_sparsity = 0.5>}

// -----

// expected-error@+1 {{'nm' is 0:4, it needs 1 <= N <= M}}
func.func private @pattern_c2_zero() attributes {a = #hinm.pattern<tile = 32, nm = 0:4, vector_sparsity = 0.5>}

// -----

// expected-error@+1 {{'vector_sparsity' must be in [0, 1]}}
func.func private @pattern_c3() attributes {a = #hinm.pattern<tile = 32, nm = 2:4, vector_sparsity = 1.5>}

// -----

// expected-error@+1 {{'vector_sparsity' must be in [0, 1]}}
func.func private @pattern_c3_negative() attributes {a = #hinm.pattern<tile = 32, nm = 2:4, vector_sparsity = -0.5>}

// -----

// expected-error@+1 {{'kept' is 6, it must be a non-negative multiple of M = 4}}
func.func private @pattern_c4() attributes {a = #hinm.pattern<tile = 32, nm = 2:4, kept = 6>}

// -----

// expected-error@+1 {{policy 'all' keeps every column: drop 'vector_sparsity'}}
func.func private @pattern_c5() attributes {a = #hinm.pattern<tile = 32, nm = 2:4, policy = all, vector_sparsity = 0.5>}

// -----

// expected-error@+1 {{policy 'all' keeps every column: drop 'kept'}}
func.func private @pattern_c5_kept() attributes {a = #hinm.pattern<tile = 32, nm = 2:4, policy = all, kept = 4>}

// -----

// expected-error@+1 {{give either 'vector_sparsity' or 'kept', not both}}
func.func private @pattern_both() attributes {a = #hinm.pattern<tile = 32, nm = 2:4, kept = 4, vector_sparsity = 0.5>}

// -----

// expected-error@+1 {{unknown policy 'some', expected per_tile, all, per_block or global}}
func.func private @pattern_policy() attributes {a = #hinm.pattern<tile = 32, nm = 2:4, policy = some>}

// -----

// expected-error@+1 {{unknown parameter 'keep', expected policy, vector_sparsity, kept, list_rows or window}}
func.func private @pattern_parameter() attributes {a = #hinm.pattern<tile = 32, nm = 2:4, keep = 4>}

// -----

// expected-error@+1 {{'indices' must be a one-dimensional constant of i32, found 'tensor<2xi64>'}}
func.func private @permutation_c1() attributes {a = #hinm.permutation<dense<[0, 1]> : tensor<2xi64>>}

// -----

// expected-error@+1 {{'indices' must be a one-dimensional constant of i32, found 'tensor<1x2xi32>'}}
func.func private @permutation_c1_rank() attributes {a = #hinm.permutation<dense<[[0, 1]]> : tensor<1x2xi32>>}

// -----

// expected-error@+1 {{index 1 stands twice, so this is no permutation}}
func.func private @permutation_c2() attributes {a = #hinm.permutation<dense<[0, 1, 1]> : tensor<3xi32>>}

// -----

// expected-error@+1 {{index 3 at position 1 is outside [0, 3)}}
func.func private @permutation_c2_range() attributes {a = #hinm.permutation<dense<[0, 3, 1]> : tensor<3xi32>>}

// -----

// expected-error@+1 {{'columns' must be a one-dimensional constant of i32, found 'tensor<2xi64>'}}
func.func private @column_index_c1() attributes {a = #hinm.column_index<columns = dense<[0, 1]> : tensor<2xi64>, offsets = dense<[0, 2]> : tensor<2xi32>>}

// -----

// expected-error@+1 {{'offsets' must be a one-dimensional constant of i32, found 'tensor<2xf32>'}}
func.func private @column_index_c1_offsets() attributes {a = #hinm.column_index<columns = dense<[0, 1]> : tensor<2xi32>, offsets = dense<[0.0, 2.0]> : tensor<2xf32>>}

// -----

// expected-error@+1 {{'offsets' must be a dense constant of at least one element}}
func.func private @column_index_c1_empty() attributes {a = #hinm.column_index<columns = dense<[]> : tensor<0xi32>, offsets = dense<[]> : tensor<0xi32>>}

// -----

// expected-error@+1 {{'offsets' starts at 1, it must start at 0}}
func.func private @column_index_c2() attributes {a = #hinm.column_index<columns = dense<[0, 1]> : tensor<2xi32>, offsets = dense<[1, 2]> : tensor<2xi32>>}

// -----

// expected-error@+1 {{'offsets' falls from 2 to 1}}
func.func private @column_index_c2_falls() attributes {a = #hinm.column_index<columns = dense<[0, 1]> : tensor<2xi32>, offsets = dense<[0, 2, 1]> : tensor<3xi32>>}

// -----

// expected-error@+1 {{'offsets' ends at 1, but 2 columns are listed}}
func.func private @column_index_c2_end() attributes {a = #hinm.column_index<columns = dense<[0, 1]> : tensor<2xi32>, offsets = dense<[0, 1]> : tensor<2xi32>>}

// -----

// expected-error@+1 {{a weight of 16 x 8 in tiles of 0 rows cannot be packed}}
func.func private @packed_c1() attributes {a = #hinm.packed<rows = 16, columns = 8, tile = 0, nm = 2:4>}

// -----

// expected-error@+1 {{version 1 of the packed format holds 2:4 groups, found 1:4; 1:2 is of tf32 (version 3), 2:4 of all others}}
func.func private @packed_c2() attributes {a = #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 1:4>}

// -----

// expected-error@+1 {{version 2 of the packed format holds 2:4 groups, found 1:2}}
func.func private @packed_c2_pairs() attributes {a = #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 1:2, version = 2>}

// -----

// expected-error@+1 {{version 3 of the packed format holds 1:2 groups, found 2:4}}
func.func private @packed_c2_tf32() attributes {a = #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4, version = 3>}

// -----

// expected-error@+1 {{format version 4 is unknown, this build reads versions 1 to 3}}
func.func private @packed_c3() attributes {a = #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4, version = 4>}

// -----

// expected-error@+1 {{format version 0 is unknown, this build reads versions 1 to 3}}
func.func private @packed_c3_zero() attributes {a = #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4, version = 0>}

// -----

// expected-error@+1 {{'window' is 96, it must be at least 1 and divide the 128 columns}}
func.func private @packed_c4() attributes {a = #hinm.packed<rows = 16, columns = 128, tile = 16, nm = 2:4, window = 96>}

// -----

// expected-error@+1 {{'window' is 0, it must be at least 1 and divide the 128 columns}}
func.func private @packed_c4_zero() attributes {a = #hinm.packed<rows = 16, columns = 128, tile = 16, nm = 2:4, window = 0>}

// -----

// expected-error@+1 {{expected 'window'}}
func.func private @packed_keys() attributes {a = #hinm.packed<rows = 16, columns = 128, tile = 16, nm = 2:4, rest = 64>}

// -----

// expected-error@+1 {{every parameter of a schedule must be at least 1}}
func.func private @schedule_c1() attributes {a = #hinm.schedule<tile_m = 64, tile_n = 64, tile_k = 64, stages = 0, warps_m = 2, warps_n = 2>}

// -----

// expected-error@+1 {{'tile_m' is 48, it must be a multiple of 16 * warps_m = 32}}
func.func private @schedule_c2() attributes {a = #hinm.schedule<tile_m = 48, tile_n = 64, tile_k = 64, stages = 3, warps_m = 2, warps_n = 2>}

// -----

// expected-error@+1 {{'tile_n' is 24, it must be a multiple of 8 * warps_n = 16}}
func.func private @schedule_c3() attributes {a = #hinm.schedule<tile_m = 64, tile_n = 24, tile_k = 64, stages = 3, warps_m = 2, warps_n = 2>}

// -----

// expected-error@+1 {{'tile_k' is 48, it must be a multiple of 32}}
func.func private @schedule_c4() attributes {a = #hinm.schedule<tile_m = 64, tile_n = 64, tile_k = 48, stages = 3, warps_m = 2, warps_n = 2>}

// -----

// expected-error@+1 {{64 warps do not fit in a thread block of 32}}
func.func private @schedule_c5() attributes {a = #hinm.schedule<tile_m = 256, tile_n = 64, tile_k = 64, stages = 3, warps_m = 16, warps_n = 4>}

// -----

// expected-error@+1 {{'O' is 4, it must be 0 to 3}}
func.func private @emulator_c1() attributes {a = #hinm.emulator<O = 4>}

// -----

// expected-error@+1 {{'list_rows' is 48, it must be a positive multiple of 'tile' = 32}}
func.func private @pattern_c6() attributes {a = #hinm.pattern<tile = 32, nm = 2:4, vector_sparsity = 0.5, list_rows = 48>}

// -----

// expected-error@+1 {{'list_rows' needs the policy 'per_tile'}}
func.func private @pattern_c6_policy() attributes {a = #hinm.pattern<tile = 32, nm = 2:4, policy = global, vector_sparsity = 0.5, list_rows = 64>}

// -----

// expected-error@+1 {{'window' is 0, it must be a positive multiple of M = 4}}
func.func private @pattern_c7() attributes {a = #hinm.pattern<tile = 32, nm = 2:4, vector_sparsity = 0.5, window = 0>}

// -----

// expected-error@+1 {{'window' needs the policy 'per_tile'}}
func.func private @pattern_c7_policy() attributes {a = #hinm.pattern<tile = 32, nm = 2:4, policy = all, window = 64>}

// -----

// expected-error@+1 {{'window' needs 'vector_sparsity', not 'kept'}}
func.func private @pattern_c7_kept() attributes {a = #hinm.pattern<tile = 32, nm = 2:4, kept = 8, window = 64>}

// -----

// expected-error@+1 {{'stages' is 9007199254740992, it must be at most 64}}
func.func private @schedule_c6() attributes {a = #hinm.schedule<tile_m = 64, tile_n = 64, tile_k = 64, stages = 9007199254740992, warps_m = 2, warps_n = 2>}

// -----

// expected-error@+1 {{'split_k' is 70000, it must be at most 65535}}
func.func private @schedule_c6_split() attributes {a = #hinm.schedule<tile_m = 64, tile_n = 64, tile_k = 64, stages = 2, warps_m = 2, warps_n = 2, split_k = 70000>}

// -----

// expected-error@+1 {{'cluster' is 16, it must be at most 8}}
func.func private @schedule_c6_cluster() attributes {a = #hinm.schedule<tile_m = 64, tile_n = 64, tile_k = 64, stages = 2, warps_m = 2, warps_n = 2, cluster = 16>}

// -----

// expected-error@+1 {{every parameter of a schedule must be at least 1, 'prefetch' and 'stream_k' at least 0}}
func.func private @schedule_c1_cluster() attributes {a = #hinm.schedule<tile_m = 64, tile_n = 64, tile_k = 64, stages = 2, warps_m = 2, warps_n = 2, cluster = 0>}

// -----

// expected-error@+1 {{every parameter of a schedule must be at least 1, 'prefetch' and 'stream_k' at least 0}}
func.func private @schedule_c1_stream() attributes {a = #hinm.schedule<tile_m = 64, tile_n = 64, tile_k = 64, stages = 2, warps_m = 2, warps_n = 2, stream_k = -1>}

// -----

// expected-error@+1 {{'stream_k' is 70000, it must be at most 65535}}
func.func private @schedule_c6_stream() attributes {a = #hinm.schedule<tile_m = 64, tile_n = 64, tile_k = 64, stages = 2, warps_m = 2, warps_n = 2, stream_k = 70000>}
